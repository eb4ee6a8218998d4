//! An evaluation of the compiled equations allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System as SystemAllocator};
use std::cell::Cell;

use nalgebra::DVector;
use overlaps::solve::Equations;
use overlaps::system::Theory;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

/// Counts the allocations of each thread.
struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        unsafe { SystemAllocator.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { SystemAllocator.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn an_evaluation_allocates_nothing() {
    for (name, start) in [("first-phase", vec![1.0, 0.5]), ("finite-d", vec![1.0, 0.01, 0.5])] {
        let theory = Theory::load(name).unwrap_or_else(|e| panic!("{e}"));
        let system = &theory.pieces[0].system;
        let mut equations = Equations::new(system, &system.parameter_values(&[]));
        let mut x = DVector::from_vec(start);
        // The first evaluation with a rule makes its workspace.
        let mut sum = equations.evaluate(0.3, &x, 5).residual[0];
        let before = ALLOCATIONS.get();
        for i in 0..100 {
            x[0] += 1e-3;
            sum += equations.evaluate(0.3 + 1e-3 * f64::from(i), &x, 5).residual[0];
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{name}");
        assert!(sum.is_finite());
    }
}
