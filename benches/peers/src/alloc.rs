use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// The system's allocator, counting what each thread asks of it.
///
/// It counts in thread-locals: two additions and a comparison without an atomic, too cheap to be seen in what is timed.
#[derive(Debug)]
pub struct CountingAllocator;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
    static PEAK_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// How the bytes that a thread has allocated and not freed changed, from where they were.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// To the end.
    pub end: i64,
    /// To the highest point.
    pub peak: i64,
}

/// How often this thread has allocated so far; a reallocation counts too.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Does `work` and says what memory that took. Not within another's `work`: the outer one's peak would be lost.
pub fn growth<T>(work: impl FnOnce() -> T) -> (T, Growth) {
    let before = LIVE_BYTES.get();
    PEAK_BYTES.set(before);
    let done = work();
    (done, Growth { end: LIVE_BYTES.get() - before, peak: PEAK_BYTES.get() - before })
}

fn count(allocations: u64, bytes: i64) {
    ALLOCATIONS.set(ALLOCATIONS.get() + allocations);
    let live = LIVE_BYTES.get() + bytes;
    LIVE_BYTES.set(live);
    PEAK_BYTES.set(PEAK_BYTES.get().max(live));
}

// SAFETY: all is passed on to `System`. Counting neither allocates nor unwinds: the thread-locals are constants without a
// destructor, and their sums cannot overflow.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }
}
