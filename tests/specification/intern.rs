//! Hash-consing: equal things get one small copyable handle, so that relations hold handles and compare numbers.

use std::collections::HashMap;

/// The things of one type that have a handle. They are kept for as long as the tests run.
pub struct Table<T: 'static> {
    items: Vec<&'static T>,
    index: HashMap<&'static T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { items: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Eq + std::hash::Hash> Table<T> {
    /// The number of a thing.
    pub fn number(&mut self, item: T) -> u32 {
        if let Some(&number) = self.index.get(&item) {
            return number;
        }
        let item: &'static T = Box::leak(Box::new(item));
        let number = self.items.len() as u32;
        self.items.push(item);
        self.index.insert(item, number);
        number
    }

    /// The thing behind a number.
    pub fn item(&self, number: u32) -> &'static T {
        self.items[number as usize]
    }
}

/// Defines a handle type for a type of things.
macro_rules! handle {
    ($(#[$doc:meta])* $handle:ident of $item:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $handle(u32);

        impl $handle {
            fn table<R>(use_it: impl FnOnce(&mut $crate::intern::Table<$item>) -> R) -> R {
                thread_local! {
                    static TABLE: std::cell::RefCell<$crate::intern::Table<$item>> = std::cell::RefCell::default();
                }
                TABLE.with(|table| use_it(&mut table.borrow_mut()))
            }

            /// The handle of a thing.
            pub fn of(item: $item) -> $handle {
                $handle::table(|table| $handle(table.number(item)))
            }
        }

        impl std::ops::Deref for $handle {
            type Target = $item;

            fn deref(&self) -> &$item {
                $handle::table(|table| table.item(self.0))
            }
        }

        impl std::fmt::Debug for $handle {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&**self, out)
            }
        }
    };
}

pub(crate) use handle;
