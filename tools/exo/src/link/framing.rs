//! Host to guest: standard input and window sizes in one byte stream.
//!
//! `FF FF` is a literal `FF`, `FF 00` ends the input, `FF 01` is followed by rows and columns (little
//! endian, 16 bits each); every other byte stands for itself.

const ESCAPE: u8 = 0xff;

pub const END: [u8; 2] = [ESCAPE, 0x00];

/// Appends `data` to `output` in a form that holds no control sequence.
pub fn escape(data: &[u8], output: &mut Vec<u8>) {
    output.reserve(data.len());
    for &byte in data {
        if byte == ESCAPE {
            output.push(ESCAPE);
        }
        output.push(byte);
    }
}

pub fn window_size(rows: u16, columns: u16) -> [u8; 6] {
    let [row_low, row_high] = rows.to_le_bytes();
    let [column_low, column_high] = columns.to_le_bytes();
    [ESCAPE, 0x01, row_low, row_high, column_low, column_high]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the guest does.
    fn decode(bytes: &[u8]) -> (Vec<u8>, Vec<(u16, u16)>, bool) {
        let (mut data, mut sizes, mut ended) = (Vec::new(), Vec::new(), false);
        let mut rest = bytes.iter().copied();
        while let Some(byte) = rest.next() {
            if byte != ESCAPE {
                data.push(byte);
                continue;
            }
            match rest.next() {
                Some(ESCAPE) => data.push(ESCAPE),
                Some(0) => ended = true,
                Some(1) => {
                    let mut word = || u16::from_le_bytes([rest.next().unwrap(), rest.next().unwrap()]);
                    sizes.push((word(), word()));
                }
                other => panic!("escape followed by {other:?}"),
            }
        }
        (data, sizes, ended)
    }

    proptest! {
        #[test]
        fn any_stream_survives(chunks: Vec<Vec<u8>>, rows: u16, columns: u16) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                escape(chunk, &mut wire);
                wire.extend(window_size(rows, columns));
            }
            wire.extend(END);
            let (data, sizes, ended) = decode(&wire);
            prop_assert_eq!(data, chunks.concat());
            prop_assert_eq!(sizes, vec![(rows, columns); chunks.len()]);
            prop_assert!(ended);
        }
    }
}
