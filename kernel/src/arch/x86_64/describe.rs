//! What the CPU says it is, for people to read.

use core::arch::x86_64::CpuidResult;
use core::fmt;

use raw_cpuid::{CpuId, CpuIdReaderNative};

use super::cpu::cpuid;

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

    /// The CPU's features by Linux's names, in Linux's order.
    pub fn flags(&self) -> impl fmt::Display {
        Flags
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

struct Flags;

/// The features that a leaf of CPUID tells in one register, named as Linux does from bit 0 on; `-` where Linux names none
/// or where the kernel would have to enable what it does not (protection keys, shadow stacks, five levels of tables).
type Word = (u32, u32, fn(CpuidResult) -> u32, &'static str);

const WORDS: [Word; 8] = [
    (
        1,
        0,
        |leaf| leaf.edx,
        "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx fxsr \
         sse sse2 ss ht tm ia64 pbe",
    ),
    (
        0x8000_0001,
        0,
        |leaf| leaf.edx,
        "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow",
    ),
    (
        1,
        0,
        |leaf| leaf.ecx,
        "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca sse4_1 \
         sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor",
    ),
    (
        0x8000_0001,
        0,
        |leaf| leaf.ecx,
        "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop skinit wdt - \
         lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext ptsc perfctr_llc mwaitx",
    ),
    (
        7,
        0,
        |leaf| leaf.ebx,
        "fsgsbase tsc_adjust - bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - - rdt_a avx512f avx512dq rdseed adx \
         smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl",
    ),
    (0xd, 1, |leaf| leaf.eax, "xsaveopt xsavec xgetbv1 xsaves"),
    (
        7,
        0,
        |leaf| leaf.ecx,
        "- avx512vbmi umip - - waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni avx512_bitalg tme \
         avx512_vpopcntdq - - - - - - - rdpid - - cldemote - movdiri movdir64b",
    ),
    (7, 0, |leaf| leaf.edx, "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect - md_clear - - - serialize"),
];

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (leaf, sub, register, names) in WORDS {
            let word = register(cpuid(leaf, sub));
            let named = names.split(' ').enumerate().filter(|(_, name)| *name != "-");
            for (_, name) in named.filter(|(bit, _)| word >> bit & 1 != 0) {
                write!(f, "{separator}{name}")?;
                separator = " ";
            }
        }
        Ok(())
    }
}
