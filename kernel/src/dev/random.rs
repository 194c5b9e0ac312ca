//! Random numbers: ChaCha20 (RFC 8439) as a generator with fast key erasure, seeded by the hardware.
//!
//! Each request takes a block of key stream whose first half becomes the next key, so that what was handed out
//! cannot be computed from a later state.

use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use spin::LazyLock;

use crate::arch;
use crate::sync::SpinLock;
use crate::user::IoDest;
use crate::Result;

type Key = [u8; 32];

static KEY: LazyLock<SpinLock<Key>> = LazyLock::new(|| {
    let mut key = Key::default();
    for word in key.chunks_exact_mut(8) {
        word.copy_from_slice(&arch::entropy().to_ne_bytes());
    }
    SpinLock::new(key)
});

/// A generator for one request; the shared key moves on.
fn generator() -> ChaCha20Rng {
    let mut key = KEY.lock();
    let mut source = ChaCha20Rng::from_seed(*key);
    source.fill_bytes(&mut *key);
    for (byte, fresh) in key.iter_mut().zip(arch::entropy().to_ne_bytes()) {
        *byte ^= fresh;
    }
    let mut seed = Key::default();
    source.fill_bytes(&mut seed);
    ChaCha20Rng::from_seed(seed)
}

/// Fills `bytes`.
pub fn fill(bytes: &mut [u8]) {
    generator().fill_bytes(bytes);
}

/// A random number.
pub fn number() -> u64 {
    generator().next_u64()
}

/// Fills `dest`.
pub fn read(dest: &mut IoDest) -> Result<usize> {
    let mut generator = generator();
    let mut piece = [0; 256];
    let mut done = 0;
    while dest.remaining() > 0 {
        let wanted = dest.remaining().min(piece.len());
        generator.fill_bytes(&mut piece[..wanted]);
        let count = match dest.put(&piece[..wanted]) {
            Err(_) if done > 0 => break,
            other => other?,
        };
        done += count;
        if count < wanted {
            break;
        }
    }
    Ok(done)
}

/// Mixes bytes from outside into the key; they can only add to what is unknown.
pub fn stir(bytes: &[u8]) {
    let mut key = KEY.lock();
    for (i, byte) in bytes.iter().enumerate() {
        key[i % 32] ^= byte;
    }
    let mut source = ChaCha20Rng::from_seed(*key);
    source.fill_bytes(&mut *key);
}
