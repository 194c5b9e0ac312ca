//! What the CPU says it is, for people to read.

use core::fmt;

use raw_cpuid::{CpuId, CpuIdReaderNative};

/// Names and numbers of the CPU's model.
pub struct Description {
    cpuid: CpuId<CpuIdReaderNative>,
}

/// Describes the running CPU.
pub fn description() -> Description {
    Description { cpuid: CpuId::new() }
}

impl Description {
    /// Family, model and stepping.
    pub fn model(&self) -> (u8, u8, u8) {
        self.cpuid
            .get_feature_info()
            .map_or((0, 0, 0), |info| (info.family_id(), info.model_id(), info.stepping_id()))
    }

    /// The maker's name for itself.
    pub fn vendor(&self) -> impl fmt::Display {
        Text(self.cpuid.get_vendor_info(), |vendor, f| f.write_str(vendor.as_str()))
    }

    /// The maker's name for the model.
    pub fn name(&self) -> impl fmt::Display {
        Text(self.cpuid.get_processor_brand_string(), |brand, f| f.write_str(brand.as_str().trim()))
    }

    /// The features that programs look for, by Linux's names.
    pub fn flags(&self) -> impl fmt::Display + '_ {
        Flags(self)
    }
}

struct Text<T>(Option<T>, fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result);

impl<T> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => (self.1)(value, f),
            None => f.write_str("unknown"),
        }
    }
}

struct Flags<'a>(&'a Description);

impl fmt::Display for Flags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpuid = &self.0.cpuid;
        let (Some(basic), extended) = (cpuid.get_feature_info(), cpuid.get_extended_feature_info()) else {
            return Ok(());
        };
        let long = cpuid.get_extended_processor_and_feature_identifiers();
        let flags = [
            ("fpu", basic.has_fpu()),
            ("tsc", basic.has_tsc()),
            ("msr", basic.has_msr()),
            ("apic", basic.has_apic()),
            ("mmx", basic.has_mmx()),
            ("fxsr", basic.has_fxsave_fxstor()),
            ("sse", basic.has_sse()),
            ("sse2", basic.has_sse2()),
            ("syscall", long.as_ref().is_some_and(|long| long.has_syscall_sysret())),
            ("nx", long.as_ref().is_some_and(|long| long.has_execute_disable())),
            ("rdtscp", long.as_ref().is_some_and(|long| long.has_rdtscp())),
            ("lm", long.as_ref().is_some_and(|long| long.has_64bit_mode())),
            ("pni", basic.has_sse3()),
            ("ssse3", basic.has_ssse3()),
            ("cx16", basic.has_cmpxchg16b()),
            ("sse4_1", basic.has_sse41()),
            ("sse4_2", basic.has_sse42()),
            ("popcnt", basic.has_popcnt()),
            ("aes", basic.has_aesni()),
            ("xsave", basic.has_xsave()),
            ("avx", basic.has_avx()),
            ("rdrand", basic.has_rdrand()),
            ("hypervisor", basic.has_hypervisor()),
            ("fsgsbase", extended.as_ref().is_some_and(|e| e.has_fsgsbase())),
            ("avx2", extended.as_ref().is_some_and(|e| e.has_avx2())),
            ("smep", extended.as_ref().is_some_and(|e| e.has_smep())),
            ("erms", extended.as_ref().is_some_and(|e| e.has_rep_movsb_stosb())),
            ("smap", extended.as_ref().is_some_and(|e| e.has_smap())),
            ("umip", extended.as_ref().is_some_and(|e| e.has_umip())),
        ];
        let mut names = flags.iter().filter(|(_, on)| *on).map(|(name, _)| name);
        if let Some(first) = names.next() {
            f.write_str(first)?;
        }
        names.try_for_each(|name| write!(f, " {name}"))
    }
}
