//! The map against an array that has a value for each page.

use proptest::prelude::*;
use vma::{Area, AreaMap, Value};

/// What every page carries, and where in its object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tag {
    kind: u8,
    offset: usize,
}

impl Value for Tag {
    fn split(&self, offset: usize) -> Self {
        Self { offset: self.offset + offset, ..*self }
    }
    fn joins(&self, len: usize, above: &Self) -> bool {
        self.kind == above.kind && self.offset + len == above.offset
    }
    fn absorb(&mut self, _: Self) {}
    fn guard(&self) -> usize {
        if self.kind == 0 {
            3
        } else {
            0
        }
    }
}

const TOP: usize = 200;

fn model_of(map: &AreaMap<Tag>) -> Vec<Option<Tag>> {
    let mut pages = vec![None; TOP];
    for area in map.iter() {
        for (at, page) in pages.iter_mut().enumerate().take(area.end).skip(area.start) {
            assert!(page.is_none());
            *page = Some(area.value.split(at - area.start));
        }
    }
    pages
}

fn highest_gap(pages: &[Option<Tag>], len: usize, floor: usize) -> Option<usize> {
    let blocked = |at: usize| {
        pages[at].is_some()
            || (at..(at + 4).min(TOP)).any(|above| {
                // Within the guard of an area that begins at `above`.
                pages[above].is_some_and(|tag| tag.kind == 0)
                    && (above == 0
                        || pages[above - 1].is_none_or(|below| !below.joins_page(&pages[above].unwrap())))
                    && above - at <= 3
            })
    };
    (floor..=TOP.checked_sub(len)?).rev().find(|&start| (start..start + len).all(|at| !blocked(at)))
}

impl Tag {
    fn joins_page(&self, above: &Self) -> bool {
        self.joins(1, above)
    }
}

proptest! {
    #[test]
    fn behaves_like_an_array_of_pages(
        steps in prop::collection::vec((0u8..5, 0..TOP, 1usize..30, 0u8..3), 1..120),
    ) {
        let mut map = AreaMap::new(TOP);
        let mut pages: Vec<Option<Tag>> = vec![None; TOP];
        for (what, start, len, kind) in steps {
            let end = (start + len).min(TOP);
            match what {
                0 => {
                    if pages[start..end].iter().all(Option::is_none) {
                        let value = Tag { kind, offset: start };
                        map.insert(Area { start, end, value }).unwrap();
                        for (at, page) in pages.iter_mut().enumerate().take(end).skip(start) {
                            *page = Some(Tag { kind, offset: at });
                        }
                    }
                    prop_assert!(map.overlaps(start..end));
                }
                1 => {
                    let mut gone = 0;
                    let growth = map.growth_by_cut(&(start..end));
                    let before = map.len();
                    let mut removed_areas = 0;
                    map.cut(start..end, |area| { gone += area.len(); removed_areas += 1; }).unwrap();
                    prop_assert!(map.len() <= before + growth);
                    prop_assert!(growth == 0 || map.len() == before + 1);
                    prop_assert_eq!(gone, pages[start..end].iter().flatten().count());
                    pages[start..end].fill(None);
                }
                2 => {
                    map.change(start..end, |area| area.value.kind = kind).unwrap();
                    pages[start..end].iter_mut().flatten().for_each(|tag| tag.kind = kind);
                }
                3 => {
                    let gap = map.gap_below_ceiling(len, 5);
                    prop_assert_eq!(gap, highest_gap(&pages, len, 5));
                    // Half of the time the gap is used.
                    if let Some(start) = gap.filter(|_| kind > 0) {
                        let value = Tag { kind, offset: start };
                        map.insert(Area { start, end: start + len, value }).unwrap();
                        for (at, page) in pages.iter_mut().enumerate().take(start + len).skip(start) {
                            *page = Some(Tag { kind, offset: at });
                        }
                    }
                }
                _ => {
                    let found = map.find(start).map(|area| area.value.split(start - area.start));
                    prop_assert_eq!(found, pages[start]);
                    let above = (start..TOP).find(|&at| pages[at].is_some());
                    prop_assert_eq!(map.at_or_above(start).map(|area| area.start.max(start)), above);
                }
            }
            prop_assert_eq!(&model_of(&map), &pages);
            // What can be one area is one.
            let areas: Vec<_> = map.iter().collect();
            for pair in areas.windows(2) {
                prop_assert!(pair[0].end < pair[1].start || !pair[0].value.joins(pair[0].len(), &pair[1].value));
            }
        }
    }
}
