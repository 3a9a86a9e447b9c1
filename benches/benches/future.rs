//! What an `async fn` pays: bytes, time a poll, and allocations, its own and a plain function's.

#![expect(
    unsafe_code,
    reason = "a global allocator that counts can be written in no other way"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use pipeline_notify::notify;
use pipeline_notify_benches::{Place, group, install};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: the system's allocator does all, and the count is no part of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises that it asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises that it asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const POLLS: u32 = 1000;

struct Yields(u32);

impl Future for Yields {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

async fn bare(polls: u32) -> Result<u32, String> {
    Yields(black_box(polls)).await;
    Ok(polls)
}

#[notify]
async fn annotated(polls: u32) -> Result<u32, String> {
    Yields(black_box(polls)).await;
    Ok(polls)
}

#[notify]
fn plain() -> Result<u64, String> {
    Ok(1)
}

#[notify]
fn around(body: &mut dyn FnMut()) {
    body();
}

fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Counts the allocations of one call, the average of a thousand after the first.
fn allocations(mut call: impl FnMut()) -> f64 {
    call();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (0..1000).for_each(|_| call());
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let count = (after - before) as f64;
    count / 1000.0
}

fn future(criterion: &mut Criterion) {
    let place = Place::new().expect("a folder");
    install(&place);
    let figure = |name, value| place.figure(name, value).expect("a file");
    let bytes = size_of_val(&annotated(1)) - size_of_val(&bare(1));
    figure(
        "future-bytes",
        f64::from(u32::try_from(bytes).expect("a few")),
    );

    // The polls of one run, over and over: the runs that frame them are few.
    let mut pair = group(criterion, &place.measurement("polls"));
    pair.bench_function("floor", |bencher| bencher.iter(|| run(bare(POLLS))));
    pair.bench_function("library", |bencher| {
        around(&mut || bencher.iter(|| run(annotated(POLLS))));
    });
    pair.finish();

    around(&mut || {
        figure("allocations-plain", allocations(|| drop(plain())));
        figure("allocations-async", allocations(|| drop(run(annotated(1)))));
    });
    figure("allocations-outermost", allocations(|| drop(plain())));
    place.clear();
}

criterion_group!(benches, future);
criterion_main!(benches);
