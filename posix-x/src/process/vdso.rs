//! The vDSO: a small library that the kernel maps into every program, so that asking the time needs no trap.
//!
//! Its source is `posix-x/vdso`, built by `build.rs`. In memory the page with the clock's parameters comes first
//! (see [`exo_kernel::time::VdsoClock`]), then the library.

use alloc::sync::Arc;

use exo_kernel::mm::{AddressSpace, MapRequest, Prot, Vmo, PAGE_SIZE};
use exo_kernel::user::IoSource;
use exo_kernel::{time, Result};
use spin::Once;

/// The library, as an ELF file whose one segment can be mapped as it is.
static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vdso.so"));

/// What `/proc/PID/maps` calls the two mappings.
pub enum Part {
    /// `[vvar]`
    Data,
    /// `[vdso]`
    Code,
}

/// Object with the data page and the library behind it.
static OBJECT: Once<Arc<Vmo>> = Once::new();

fn object() -> Result<&'static Arc<Vmo>> {
    OBJECT.try_call_once(|| {
        let vmo = Vmo::with_first_page(time::vdso_data().clone(), (PAGE_SIZE + LIBRARY.len()) as u64)?;
        vmo.write_at(&mut IoSource::kernel(LIBRARY), PAGE_SIZE as u64)?;
        Ok(vmo)
    })
}

/// Maps it; the address of the library's ELF header.
pub fn map(space: &AddressSpace) -> Result<usize> {
    let object = object()?;
    let length = (PAGE_SIZE + LIBRARY.len()).next_multiple_of(PAGE_SIZE);
    let both = space.map(&MapRequest {
        len: length,
        prot: Prot::READ,
        max_prot: Prot::READ,
        object: Some((object.clone(), 0)),
        file: Some(Arc::new(Part::Data)),
        ..MapRequest::default()
    })?;
    let code = both + PAGE_SIZE;
    space.map(&MapRequest {
        addr: Some(code),
        fixed: true,
        len: length - PAGE_SIZE,
        prot: Prot::READ | Prot::EXEC,
        max_prot: Prot::READ | Prot::EXEC,
        object: Some((object.clone(), PAGE_SIZE as u64)),
        file: Some(Arc::new(Part::Code)),
        ..MapRequest::default()
    })?;
    Ok(code)
}
