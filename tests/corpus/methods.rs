//! Methods, in `impl` blocks and in traits.

use std::future::Future as Eventual;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use pipeline_notify::notify;

use crate::errors::Failed;
use crate::futures::block;
use crate::support::{error, ok};

#[derive(Debug, Default, PartialEq)]
struct Table(u8);

impl Table {
    #[notify]
    fn new() -> Self {
        Self(1)
    }

    #[notify]
    fn by_reference(&self) -> &u8 {
        &self.0
    }

    #[notify]
    fn by_mutable_reference(&mut self, fail: bool) -> Result<&mut u8, Failed> {
        if fail {
            return Err(Failed(None));
        }
        Ok(&mut self.0)
    }

    #[notify]
    fn by_value(self) -> u8 {
        self.0
    }

    #[notify]
    fn by_mutable_value(mut self) -> Self {
        self.0 += 1;
        self
    }

    #[notify]
    fn by_box(self: Box<Self>) -> u8 {
        self.0
    }

    #[notify]
    fn by_arc(self: Arc<Self>) -> u8 {
        self.0
    }

    #[notify]
    fn by_pin(self: Pin<&mut Self>) -> u8 {
        self.0
    }

    #[notify]
    fn with_items(&self) -> u8 {
        use std::convert::identity;
        const ONE: u8 = 1;
        struct Inner(u8);
        impl Inner {
            fn value(&self) -> u8 {
                self.0
            }
        }
        fn add(one: u8, other: u8) -> u8 {
            one + other
        }
        add(identity(ONE), Inner(self.0).value())
    }

    #[notify]
    fn with_control_flow(&self, texts: &[&str]) -> Result<u8, Failed> {
        let parse = |text: &str| -> Result<u8, Failed> { Ok(text.parse()?) };
        let mut sum = self.0;
        'outer: loop {
            for text in texts {
                if parse(text)? == 0 {
                    break 'outer;
                }
                sum += 1;
            }
            return Ok(sum);
        }
        Ok(0)
    }
}

struct Generic<T, const N: usize>([T; N]);

impl<T, const N: usize> Generic<T, N>
where
    T: Copy + Into<u64>,
{
    #[notify]
    fn sum(&self) -> u64 {
        self.0.iter().map(|value| (*value).into()).sum()
    }
}

trait Step {
    type Out;
    type Err;

    fn run(&self, fail: bool) -> Result<Self::Out, Self::Err>;

    #[notify]
    fn provided(&self) -> u8
    where
        Self: Sized,
    {
        1
    }
}

impl Step for Table {
    type Out = u8;
    type Err = Failed;

    #[notify]
    fn run(&self, fail: bool) -> Result<Self::Out, Self::Err> {
        if fail {
            return Err(Failed(None));
        }
        Ok(self.0)
    }
}

impl Iterator for Table {
    type Item = u8;

    #[notify]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.checked_sub(1)
    }
}

impl FromStr for Table {
    type Err = Failed;

    #[notify]
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.parse()?))
    }
}

struct Ready(u8);

impl Eventual for Ready {
    type Output = u8;

    #[notify]
    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(self.0)
    }
}

#[test]
fn each_way_to_take_self_works() {
    let mut table = Table(1);
    ok("methods.Table.new", Table::new);
    ok("methods.Table.by_reference", || *table.by_reference());
    ok("methods.Table.by_mutable_reference", || {
        *table.by_mutable_reference(false).unwrap() += 1;
    });
    error("methods.Table.by_mutable_reference", "load failed", || {
        table.by_mutable_reference(true).is_err()
    });
    ok("methods.Table.by_value", || Table(1).by_value());
    ok("methods.Table.by_mutable_value", || {
        assert_eq!(Table(1).by_mutable_value(), Table(2));
    });
    ok("methods.Table.by_box", || Box::new(Table(1)).by_box());
    ok("methods.Table.by_arc", || Arc::new(Table(1)).by_arc());
    ok("methods.Table.by_pin", || Pin::new(&mut table).by_pin());
}

#[test]
fn bodies_may_hold_anything() {
    let table = Table(1);
    ok("methods.Table.with_items", || {
        assert_eq!(table.with_items(), 2)
    });
    ok("methods.Table.with_control_flow", || {
        assert_eq!(table.with_control_flow(&["1", "2"]).unwrap(), 3);
        assert_eq!(table.with_control_flow(&["0"]).unwrap(), 0);
    });
    error(
        "methods.Table.with_control_flow",
        "load failed\n  caused by: invalid digit found in string",
        || table.with_control_flow(&["x"]),
    );
    ok("methods.Generic.sum", || {
        assert_eq!(Generic([1_u32, 2]).sum(), 3);
    });
}

#[test]
fn methods_of_traits_are_named_by_type_and_trait() {
    let mut table = Table(1);
    error("methods.Table.Step.run", "load failed", || table.run(true));
    ok("methods.Step.provided", || Step::provided(&table));
    ok("methods.Table.Iterator.next", || Iterator::next(&mut table));
    error(
        "methods.Table.FromStr.from_str",
        "load failed\n  caused by: invalid digit found in string",
        || "x".parse::<Table>(),
    );
    ok("methods.Ready.Future.poll", || block(Ready(1)));
}
