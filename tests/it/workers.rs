//! Which program takes items off which queue.

use std::fs;
use std::path::Path;

use producer_map::evidence::Evidence;

use crate::support::{miniquay, scan};

/// One line for each program that runs a module of the tree: its queues, or `-`.
fn programs(evidence: &Evidence) -> Vec<String> {
    let shown = |worker: &producer_map::evidence::model::Worker| {
        let mut queues: Vec<&str> = worker.consumes.iter().map(|one| one.queue.as_str()).collect();
        queues.dedup();
        let queues = if queues.is_empty() { "-".to_owned() } else { queues.join(" ") };
        format!("{} {} {queues}", worker.program, worker.modules.join(" "))
    };
    evidence.workers.iter().filter(|worker| !worker.modules.is_empty()).map(shown).collect()
}

#[test]
fn each_program_of_the_sample_has_its_queue() {
    let evidence = scan(&miniquay(), &[]);
    assert_eq!(
        programs(&evidence),
        [
            "gunicorn-web web.py -",
            "gunicorn-registry registry.py -",
            "gunicorn-secscan secscan.py -",
            "chunkcleanupworker workers/chunkcleanupworker.py chunkcleanup",
            "exportlogsworker workers/exportlogsworker.py exportlogs",
            "repositorygcworker workers/repositorygcworker.py repositorygc",
            // It puts notifications too, which makes it no consumer of them.
            "securityworker workers/securityworker.py secscannotification",
        ]
    );
    let worker =
        evidence.workers.iter().find(|worker| worker.program == "repositorygcworker").expect("there");
    assert_eq!((worker.file.as_str(), worker.line), ("conf/supervisord.conf.jnj", 38));
    let one = &worker.consumes[0];
    assert_eq!(one.consumer.file, "workers/queueworker.py");
    assert_eq!(one.consumer.via.as_deref(), Some("RepositoryGCWorker"));
    assert_eq!(one.consumer.via_file.as_deref(), Some("workers/repositorygcworker.py"));
    assert_eq!(one.chain[0].file, "workers/repositorygcworker.py");
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("directory");
        fs::write(path, text).expect("written");
    }
}

/// A tree whose workers share a starter, a scheduler and a base class, and import each other.
const SHARED: [(&str, &str); 9] = [
    (
        "jobs.py",
        "class WorkQueue:\n    def __init__(self, queue_name):\n        self.name = queue_name\n\n    \
         def put(self, body):\n        pass\n\n    def get(self):\n        return None\n",
    ),
    (
        "app.py",
        "from flask import Flask\nfrom jobs import WorkQueue\n\napp = Flask(__name__)\n\
         mail_queue = WorkQueue('mail')\nsweep_queue = WorkQueue('sweep')\ntally_queue = WorkQueue('tally')\n",
    ),
    ("web.py", "from app import app\n\n\n@app.route('/')\ndef index():\n    return 'here'\n"),
    (
        "workers/base.py",
        "class Scheduler:\n    def __init__(self):\n        self.jobs = []\n\n    def run(self):\n        \
         for job in self.jobs:\n            job()\n\n\nscheduler = Scheduler()\n\n\nclass Base:\n    \
         def __init__(self, queue):\n        self.queue = queue\n\n    def poll(self):\n        \
         return self.queue.get()\n\n\ndef start(cls, queue):\n    worker = cls(queue)\n    \
         scheduler.jobs.append(worker.poll)\n    scheduler.run()\n",
    ),
    (
        "workers/mailer.py",
        "from app import mail_queue\nfrom workers.base import Base, start\n\n\nclass Mailer(Base):\n    pass\n\n\n\
         if __name__ == '__main__':\n    start(Mailer, mail_queue)\n",
    ),
    (
        "workers/sweeper.py",
        "from app import sweep_queue\nfrom workers.base import Base, start\nimport workers.mailer\n\n\n\
         class Sweeper(Base):\n    pass\n\n\nif __name__ == '__main__':\n    start(Sweeper, sweep_queue)\n",
    ),
    (
        "workers/tally.py",
        "from app import tally_queue\nfrom workers.report import report\n\n\ndef count():\n    return report(tally_queue)\n\n\n\
         if __name__ == '__main__':\n    count()\n",
    ),
    (
        // A program that itself takes nothing: another one calls its function.
        "workers/report.py",
        "def report(queue):\n    return queue.get()\n\n\nif __name__ == '__main__':\n    print('nothing to report')\n",
    ),
    (
        "supervisord.conf",
        "[program:mailer]\ncommand=python -m workers.mailer\n[program:sweeper]\ncommand=python -m workers.sweeper\n\
         [program:tally]\ncommand=python workers/tally.py\n\
         [program:report]\ncommand=python -m workers.report\n[program:gone]\ncommand=python -m workers.gone\n\
         [program:cache]\ncommand=memcached -l 127.0.0.1:11211\n",
    ),
];

const CONFIG: &str = "consumer_entries = [\"workers/**\"]\n[[queue_class]]\npath = \"jobs.WorkQueue\"\n\
                      put = [\"put\"]\nconsume = [\"get\"]\nname_arg = \"queue_name\"\n";

#[test]
fn what_workers_share_does_not_mix_them_up() {
    let dir = tempfile::tempdir().expect("temporary directory");
    write(dir.path(), &SHARED);
    write(dir.path(), &[("producer-map.toml", CONFIG)]);
    let evidence = scan(dir.path(), &[]);
    assert_eq!(
        programs(&evidence),
        [
            "mailer workers/mailer.py mail",
            "sweeper workers/sweeper.py sweep",
            "tally workers/tally.py tally",
            "report workers/report.py -",
        ]
    );
    let chain = |program: &str| -> Vec<String> {
        let worker = evidence.workers.iter().find(|worker| worker.program == program).expect("there");
        worker.consumes[0].chain.iter().map(|at| format!("{}:{}", at.file, at.line)).collect()
    };
    assert_eq!(chain("mailer"), ["workers/mailer.py:10", "workers/base.py:22"]);
    assert_eq!(chain("tally"), ["workers/tally.py:10", "workers/tally.py:6", "workers/report.py:2"]);
    let missing: Vec<_> = evidence.diagnostics.iter().filter(|d| d.code == "worker-module-missing").collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!((missing[0].file.as_deref(), missing[0].line), (Some("supervisord.conf"), Some(9)));
    assert!(missing[0].message.contains("workers.gone"));
}

#[test]
fn the_place_of_the_configuration_can_be_changed() {
    let dir = tempfile::tempdir().expect("temporary directory");
    write(dir.path(), &SHARED);
    let elsewhere = format!("supervisor = [\"etc/none.conf\", \"etc/programs.ini\"]\n{CONFIG}");
    write(dir.path(), &[("producer-map.toml", &elsewhere)]);
    assert_eq!(scan(dir.path(), &[]).workers, []);
    write(dir.path(), &[("etc/programs.ini", "[program:post]\ncommand=python3 -m workers.mailer\n")]);
    assert_eq!(programs(&scan(dir.path(), &[])), ["post workers/mailer.py mail"]);
    fs::write(dir.path().join("etc/programs.ini"), b"[program:\xff]\n").expect("written");
    let evidence = scan(dir.path(), &[]);
    assert_eq!(evidence.workers, []);
    let codes: Vec<&str> = evidence.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert!(codes.contains(&"undecodable-file"), "{codes:?}");
}
