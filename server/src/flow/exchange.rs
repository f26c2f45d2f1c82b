//! What all processes are told of each other, before they count.

use std::{cell::RefCell, rc::Rc};

use timely::{
    ExchangeData,
    dataflow::{
        InputHandle, ProbeHandle,
        operators::{Inspect, Probe, vec::Broadcast},
    },
    worker::Worker,
};

use super::IDLE;

/// Tells every worker what all processes bring, unless it does not go on for so long. `mine` is given by one
/// worker of each process.
pub(super) fn exchange<T: ExchangeData + Clone>(
    worker: &mut Worker,
    mine: Option<T>,
    goes_on: impl Fn() -> bool,
) -> Option<Vec<T>> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let probe = ProbeHandle::new();
    let mut input = InputHandle::<u64, _>::new();
    worker.dataflow(|scope| {
        let all = all.clone();
        input
            .to_stream(scope)
            .container::<Vec<T>>()
            .broadcast()
            .inspect(move |one: &T| all.borrow_mut().push(one.clone()))
            .probe_with(&probe);
    });
    if let Some(mine) = mine {
        input.send(mine);
    }
    input.close();
    while !probe.done() {
        if !goes_on() {
            return None;
        }
        worker.step_or_park(Some(IDLE));
    }
    Some(all.take())
}
