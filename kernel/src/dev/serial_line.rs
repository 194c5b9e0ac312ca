//! Bytes from a serial port's interrupt to a thread: a bounded queue that stops the port when full, so
//! that nothing is lost (the sender on the other side of an emulated port waits).

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::uart::Uart;
use crate::sync::{IrqLock, Sleep, WaitQueue};

/// Bytes that wait for the thread, at most.
const CAPACITY: usize = 4096;

struct Waiting {
    bytes: VecDeque<u8>,
    /// The port was told to be quiet because the queue was full.
    stopped: bool,
}

/// A serial port and the bytes it received.
pub struct SerialLine {
    uart: Uart,
    waiting: IrqLock<Waiting>,
    arrived: WaitQueue,
}

impl SerialLine {
    /// A line over `uart`, whose interrupt handler is to call [`on_interrupt`](Self::on_interrupt).
    pub fn new(uart: Uart) -> Self {
        // Made once at boot, so that interrupt handlers need not allocate.
        let waiting = IrqLock::new(Waiting { bytes: VecDeque::with_capacity(CAPACITY), stopped: false });
        Self { uart, waiting, arrived: WaitQueue::new() }
    }

    /// The port.
    pub fn uart(&self) -> &Uart {
        &self.uart
    }

    /// Starts receiving.
    pub fn start(&self) {
        self.uart.set_receive_interrupt(true);
    }

    /// Empties the port into the queue. Runs in interrupt context.
    pub fn on_interrupt(&self) {
        let mut waiting = self.waiting.lock();
        let mut any = false;
        while waiting.bytes.len() < CAPACITY {
            let Some(byte) = self.uart.receive() else { break };
            waiting.bytes.push_back(byte);
            any = true;
        }
        if waiting.bytes.len() == CAPACITY {
            waiting.stopped = true;
            self.uart.set_receive_interrupt(false);
        }
        drop(waiting);
        if any {
            self.arrived.wake_all();
        }
    }

    /// Waits for bytes and moves up to `limit` of them into `out` (cleared first).
    pub fn receive(&self, out: &mut Vec<u8>, limit: usize) {
        out.clear();
        let waited = self.arrived.wait(Sleep::Uninterruptible, None, || {
            let mut waiting = self.waiting.lock();
            let count = waiting.bytes.len().min(limit);
            out.extend(waiting.bytes.drain(..count));
            if count > 0 && core::mem::take(&mut waiting.stopped) {
                self.uart.set_receive_interrupt(true);
            }
            (count > 0).then_some(())
        });
        debug_assert!(
            waited.is_ok(),
            "an uninterruptible wait without a deadline ends only when its condition holds"
        );
    }
}
