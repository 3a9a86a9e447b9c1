//! `async fn`, and functions that return a future.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use pipeline_notify::notify;

use crate::errors::Failed;
use crate::support::{self, error, nothing, ok, panicked, run};

/// Runs a future to its end.
pub(crate) fn block<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(future)
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[notify]
async fn unit() {}

#[notify]
async fn early(fail: bool) -> Result<u8, Failed> {
    if fail {
        return Err(Failed(None));
    }
    tokio::task::yield_now().await;
    Ok(1)
}

#[notify]
async fn question(text: &str) -> Result<u8, Failed> {
    tokio::task::yield_now().await;
    Ok(text.parse()?)
}

#[notify]
async fn with_anyhow(text: String) -> anyhow::Result<u8> {
    tokio::task::yield_now().await;
    if text.is_empty() {
        anyhow::bail!("empty");
    }
    Ok(text.parse()?)
}

#[notify]
async fn borrows_two<'a>(one: &'a str, other: &str) -> &'a str {
    tokio::task::yield_now().await;
    if other.is_empty() { "" } else { one }
}

#[notify]
#[forbid(unreachable_code)]
async fn without_values() -> Infallible {
    tokio::task::yield_now().await;
    panic!("async there is no value")
}

#[notify]
async fn never() -> ! {
    tokio::task::yield_now().await;
    panic!("async never")
}

#[notify]
async fn shared_output(value: u8) -> Rc<u8> {
    tokio::task::yield_now().await;
    Rc::new(value)
}

#[notify]
async fn cell(value: Cell<u8>) -> u8 {
    tokio::task::yield_now().await;
    value.get()
}

#[notify]
async fn boxed_closure(add: u8) -> Box<dyn Fn(u8) -> u8 + Send> {
    if add == 0 {
        return Box::new(|value| value);
    }
    Box::new(move |value| value + add)
}

#[notify]
async fn first(values: &mut Vec<u8>) -> &mut u8 {
    tokio::task::yield_now().await;
    &mut values[0]
}

#[notify]
async fn generic<T: Default, E: Error>(error: Option<E>) -> Result<T, E> {
    match error {
        Some(error) => Err(error),
        None => Ok(T::default()),
    }
}

#[notify]
async fn opaque_argument(value: impl Display + Send) -> String {
    tokio::task::yield_now().await;
    value.to_string()
}

#[notify]
async fn opaque_in_result(fail: bool) -> Result<impl Iterator<Item = u8>, Failed> {
    if fail {
        return Err(Failed(None));
    }
    Ok([1, 2].into_iter())
}

#[notify]
async fn shown(one: bool) -> Vec<Box<dyn Display + Send>> {
    if one {
        return vec![Box::new(1)];
    }
    vec![Box::new("a"), Box::new(2)]
}

#[notify]
fn returned(text: &str) -> impl Future<Output = Result<u8, Failed>> + Send {
    let parsed = text.parse::<u8>();
    async move {
        tokio::task::yield_now().await;
        Ok(parsed?)
    }
}

#[notify]
fn only_fails() -> impl Future<Output = Result<(), Failed>> {
    async { Err(Failed(None)) }
}

#[notify]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = Result<u8, Failed>> + Send + 'a>> {
    Box::pin(async move {
        tokio::task::yield_now().await;
        Ok(text.parse()?)
    })
}

/// A boxed future under another name.
pub(crate) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

#[notify]
fn aliased(text: &str) -> Local<'_, Result<u8, Failed>> {
    Box::pin(async move { Ok(text.parse()?) })
}

#[notify]
fn boxed_generic<'a, T: Clone + Send + Sync>(
    value: &'a T,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(async move { value.clone() })
}

#[notify]
fn panics_before() -> Local<'static, ()> {
    panic!("no future")
}

#[notify(name = format!("futures.recursive.{depth}"))]
fn recursive(depth: u8) -> Pin<Box<dyn Future<Output = Result<u8, Failed>> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return Err(Failed(None));
        }
        recursive(depth - 1).await
    })
}

#[notify(name = format!("futures.named.{table}"))]
async fn named(table: &str) -> Result<(), Failed> {
    let _ = table;
    Err(Failed(None))
}

#[notify]
async fn sleeps() {
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

#[notify]
async fn sleeps_inside(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[notify]
async fn times_out() -> Result<(), Failed> {
    let inner = tokio::time::timeout(Duration::from_millis(1), sleeps_inside(3600)).await;
    inner.unwrap_err();
    Ok(())
}

#[notify]
async fn dropped_by_a_panic() {
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

#[notify]
async fn unpolled() {}

#[notify]
async fn child_panics() -> Result<(), tokio::task::JoinError> {
    tokio::spawn(async { panic!("child") }).await
}

#[test]
fn an_async_function_reports_what_its_future_came_to() {
    ok("futures.unit", || block(is_send(unit())));
    ok("futures.early", || block(is_send(early(false))));
    error("futures.early", "load failed", || block(early(true)));
    let text = "load failed\n  caused by: invalid digit found in string";
    error("futures.question", text, || block(is_send(question("x"))));
    ok("futures.with_anyhow", || {
        block(is_send(with_anyhow("1".into())))
    });
    let failed = run("futures.with_anyhow", || block(with_anyhow(String::new())));
    assert!(failed.text.starts_with("empty"), "{failed:?}");
    error("futures.generic", "load failed", || {
        block(generic::<u8, _>(Some(Failed(None))))
    });
}

#[test]
fn async_functions_borrow_and_coerce_as_before() {
    ok("futures.borrows_two", || {
        assert_eq!(block(is_send(borrows_two("a", "b"))), "a");
    });
    ok("futures.first", || {
        assert_eq!(*block(is_send(first(&mut vec![3]))), 3);
    });
    ok("futures.boxed_closure", || {
        assert_eq!(block(is_send(boxed_closure(1)))(1), 2);
    });
    ok("futures.opaque_argument", || {
        block(is_send(opaque_argument(1)))
    });
    ok("futures.opaque_in_result", || {
        block(is_send(opaque_in_result(false))).map(Iterator::count)
    });
    ok("futures.shown", || block(is_send(shown(false))));
}

#[test]
fn a_future_stays_send_whatever_it_comes_to() {
    ok("futures.shared_output", || {
        assert_eq!(*block(is_send(shared_output(1))), 1);
    });
    ok("futures.cell", || block(is_send(cell(Cell::new(1)))));
}

#[test]
fn an_async_function_that_never_returns_panics() {
    panicked(
        "futures.never",
        &["async never", "futures.rs:"],
        || -> () { block(is_send(never())) },
    );
    let expected = &["async there is no value"];
    panicked("futures.without_values", expected, || {
        let _ = block(without_values());
    });
}

const LARGE: usize = 64 * 1024;

/// Where the stack is.
fn place() -> usize {
    let local = 0_u8;
    std::hint::black_box(&raw const local).addr()
}

#[notify]
async fn large() -> usize {
    bare_large().await
}

async fn bare_large() -> usize {
    let kept = std::hint::black_box([0_u8; LARGE]);
    tokio::task::yield_now().await;
    place() - usize::from(kept[0])
}

async fn calls_bare_large() -> usize {
    bare_large().await
}

/// In a debug build, too, and so once more for each annotated function on the way.
#[test]
fn a_future_is_not_held_on_the_stack_once_more() {
    let bare = place() - block(calls_bare_large());
    let annotated = place() - block(large());
    assert!(annotated < bare + LARGE / 2, "{annotated}, {bare} bare");
}

#[test]
fn a_returned_future_is_followed() {
    let text = "load failed\n  caused by: invalid digit found in string";
    error("futures.returned", text, || block(is_send(returned("x"))));
    error("futures.only_fails", "load failed", || block(only_fails()));
    error("futures.boxed", text, || block(is_send(boxed("x"))));
    error("futures.aliased", text, || block(aliased("x")));
    ok("futures.boxed_generic", || {
        let text = "a".to_owned();
        let borrowed = &text;
        assert_eq!(*block(is_send(boxed_generic(&borrowed))), "a");
    });
    panicked("futures.panics_before", &["no future"], || {
        block(panics_before());
    });
}

#[test]
fn a_recursive_future_reports_each_level() {
    support::switch_on();
    block(recursive(1)).unwrap_err();
    for depth in 0..2 {
        let recorded = support::recorded_as(&format!("futures.recursive.{depth}"));
        assert_eq!(
            (&*recorded.status, &*recorded.text),
            ("ERROR", "load failed")
        );
    }
}

#[test]
fn a_name_may_use_the_parameters() {
    support::switch_on();
    block(is_send(named("users"))).unwrap_err();
    assert_eq!(support::recorded_as("futures.named.users").status, "ERROR");
}

#[test]
fn a_future_that_is_dropped_was_cancelled_and_its_parent_was_not() {
    support::switch_on();
    block(sleeps_inside(0));
    let parent = run("futures.times_out", || block(is_send(times_out())));
    assert_eq!(parent.status, "OK");
    let child = support::recorded("futures.sleeps_inside");
    assert!(
        child
            .head
            .iter()
            .any(|line| line.starts_with("cancelled: ")),
        "{child:?}"
    );
    let alone = run("futures.sleeps", || {
        block(async { tokio::time::timeout(Duration::from_millis(1), sleeps()).await })
    });
    assert_eq!(alone.status, "ERROR");
    assert!(alone.text.contains("cancelled"), "{alone:?}");
}

#[notify(cancelled = "keep")]
async fn kept(fail: bool, wait: bool) -> Result<(), &'static str> {
    if wait {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    if fail { Err("before") } else { Ok(()) }
}

// Issue 12, point 8.
#[test]
fn a_cancellation_that_proves_nothing_leaves_the_status() {
    support::switch_on();
    let file = support::file("futures.kept");
    let cancel = || {
        block(async {
            let run = tokio::time::timeout(Duration::from_millis(1), kept(false, true));
            run.await.unwrap_err();
        });
    };
    cancel();
    assert!(!file.exists(), "there is no status to keep");
    for fails in [false, true] {
        let _ = block(kept(fails, false));
        let before = std::fs::read_to_string(&file).unwrap();
        cancel();
        let after = std::fs::read_to_string(&file).unwrap();
        let (kept, added): (Vec<_>, Vec<_>) = after
            .lines()
            .partition(|line| !line.starts_with("cancelled: "));
        assert_eq!(kept, before.lines().collect::<Vec<_>>());
        assert_eq!(added.len(), 1, "{after}");
    }
}

#[test]
fn a_future_that_a_panic_drops_was_cancelled() {
    let recorded = run("futures.dropped_by_a_panic", || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let _inside = runtime.enter();
        let mut future = Box::pin(dropped_by_a_panic());
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
        panic!("elsewhere");
    });
    assert_eq!(recorded.status, "ERROR");
    assert!(recorded.text.contains("cancelled"), "{recorded:?}");
}

#[test]
fn a_future_that_is_never_polled_leaves_nothing() {
    nothing("futures.unpolled", || drop(unpolled()));
}

#[test]
fn a_child_that_panics_is_sent_with_its_message() {
    let recorded = run("futures.child_panics", || block(is_send(child_panics())));
    assert_eq!(recorded.status, "ERROR");
    assert!(recorded.text.contains("child"), "{recorded:?}");
}

/// A service in the traits that there are for it.
#[async_trait]
trait Boxing {
    async fn load(&self, fail: bool) -> Result<u8, Failed>;
    async fn generic<T: Display + Send + Sync>(&mut self, value: T) -> Result<String, Failed>;
    #[notify]
    async fn provided(&self) -> u8 {
        tokio::task::yield_now().await;
        1
    }
}

#[async_trait(?Send)]
trait BoxingLocally {
    async fn local(&self, value: Rc<u8>) -> Result<(), Failed>;
}

trait Native {
    async fn native(&self, fail: bool) -> Result<&u8, Failed>;
    fn opaque(&self) -> impl Future<Output = Result<u8, Failed>> + Send;
    #[notify]
    fn provided(&self) -> impl Future<Output = u8> + Send {
        async { 1 }
    }
}

struct Service(u8);

#[async_trait]
impl Boxing for Service {
    #[notify]
    async fn load(&self, fail: bool) -> Result<u8, Failed> {
        tokio::task::yield_now().await;
        if fail {
            return Err(Failed(None));
        }
        Ok(self.0)
    }

    #[notify]
    async fn generic<T: Display + Send + Sync>(&mut self, value: T) -> Result<String, Failed> {
        tokio::task::yield_now().await;
        self.0 += 1;
        Ok(value.to_string())
    }
}

#[async_trait(?Send)]
impl BoxingLocally for Service {
    #[notify]
    async fn local(&self, value: Rc<u8>) -> Result<(), Failed> {
        tokio::task::yield_now().await;
        let _ = value;
        Err(Failed(None))
    }
}

impl Native for Service {
    #[notify]
    async fn native(&self, fail: bool) -> Result<&u8, Failed> {
        tokio::task::yield_now().await;
        if fail {
            return Err(Failed(None));
        }
        Ok(&self.0)
    }

    #[notify]
    fn opaque(&self) -> impl Future<Output = Result<u8, Failed>> + Send {
        let value = self.0;
        async move { if value == 0 { Ok(0) } else { Err(Failed(None)) } }
    }
}

impl Service {
    #[notify]
    async fn mutable(&mut self) -> &mut u8 {
        tokio::task::yield_now().await;
        &mut self.0
    }
}

#[test]
fn futures_of_traits_are_followed() {
    let mut service = Service(1);
    error("futures.Service.Boxing.load", "load failed", || {
        block(is_send(service.load(true)))
    });
    ok("futures.Service.Boxing.load", || block(service.load(false)));
    ok("futures.Service.Boxing.generic", || {
        block(is_send(service.generic("a")))
    });
    ok("futures.Boxing.provided", || {
        block(is_send(Boxing::provided(&service)))
    });
    error("futures.Service.BoxingLocally.local", "load failed", || {
        block(service.local(Rc::new(1)))
    });
    error("futures.Service.Native.native", "load failed", || {
        block(is_send(service.native(true))).is_err()
    });
    error("futures.Service.Native.opaque", "load failed", || {
        block(is_send(service.opaque()))
    });
    ok("futures.Native.provided", || {
        block(is_send(Native::provided(&service)))
    });
    ok("futures.Service.mutable", || {
        *block(is_send(service.mutable())) += 1;
    });
}
