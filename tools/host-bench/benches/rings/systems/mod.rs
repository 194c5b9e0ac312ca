//! What carries messages: each system as a pair of ends.

pub mod kernel;
pub mod library;
pub mod memory;

/// A message of 56 bytes.
pub type Words = [u64; 7];

/// Something that carries messages from one end to the other.
pub trait System {
    const NAME: &'static str;
    /// Messages of one sample between two cores: a fraction of a millisecond.
    const SAMPLE: usize = 16_384;
    type Sender: Sender;
    type Receiver: Receiver;
    fn pair() -> (Self::Sender, Self::Receiver);
}

pub trait Sender: Send {
    /// The message as this system takes it.
    type Item: Copy + Send + Sync + 'static;
    fn item(words: Words) -> Self::Item;
    /// False if there is no room now.
    fn send(&mut self, item: &Self::Item) -> bool;
    /// Sends what there is room for; returns how many. One by one where the system has nothing better.
    fn send_batch(&mut self, items: &[Self::Item]) -> usize {
        items.iter().take_while(|item| self.send(item)).count()
    }
}

pub trait Receiver: Send {
    type Item: Copy + Send + Sync + 'static;
    fn empty() -> Self::Item;
    fn receive(&mut self) -> Option<Self::Item>;
    /// Fills what can be filled now; returns how many.
    fn receive_batch(&mut self, items: &mut [Self::Item]) -> usize {
        let mut count = 0;
        for place in items {
            let Some(item) = self.receive() else { break };
            *place = item;
            count += 1;
        }
        count
    }
}
