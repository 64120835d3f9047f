use std::panic::catch_unwind;

use tower_weir::cache::Memo;

use super::MINUTE;

const MIB: u64 = 1 << 20;

#[test]
fn there_are_no_more_bytes_than_there_may_be() {
    let memo = Memo::new(MINUTE).max_bytes(MIB, |_, value: &Vec<u8>| value.len());
    for key in 0..2_000_u32 {
        memo.insert(key, vec![0; 10_000]);
        assert!(memo.stats().bytes <= Some(MIB));
    }
    let stats = memo.stats();
    assert!(stats.bytes > Some(MIB - 20_000), "{stats:?}");
    assert_eq!(stats.evictions, 2_000 - stats.entries);
}

#[test]
fn there_are_no_more_values_than_there_may_be() {
    for most in [1, 10, 1_000] {
        let memo = Memo::<u32, u32>::new(MINUTE).max_entries(most);
        (0..5_000).for_each(|key| memo.insert(key, key));
        let kept = (0..5_000).filter(|key| memo.get(key) == Some(*key)).count() as u64;
        assert!((1..=most + most / 32 + 1).contains(&kept), "{kept} of {most}");
        assert!(memo.stats().entries <= most);
        assert_eq!(memo.stats().evictions, 5_000 - memo.stats().entries);
    }
}

#[test]
fn what_is_too_large_is_not_kept_and_what_it_replaces_is_forgotten() {
    let memo = Memo::<u8, usize>::new(MINUTE).max_bytes(MIB, |_, size| *size);
    memo.insert(7, 1_000);
    for size in [MIB as usize, u32::MAX as usize + 1, usize::MAX] {
        memo.insert(7, 1_000);
        memo.insert(7, size);
        assert_eq!(memo.get(&7), None);
    }
    assert_eq!((memo.stats().bytes, memo.stats().evictions), (Some(0), 0));
}

#[test]
fn a_bound_of_zero_is_an_error_that_says_what_is_allowed() {
    let memo = || Memo::<u8, u8>::new(MINUTE);
    let entries = memo().try_max_entries(0).unwrap_err();
    let bytes = memo().try_max_bytes(0, |_, _| 0).unwrap_err();
    let allowed = "at least 1; a ttl of zero if nothing is to be kept";
    assert_eq!(entries.to_string(), format!("invalid memo max_entries `0`: {allowed}"));
    assert_eq!(bytes.to_string(), format!("invalid memo max_bytes `0`: {allowed}"));
    assert!(catch_unwind(|| memo().max_entries(0)).is_err());
    assert!(catch_unwind(|| memo().max_bytes(0, |_, _| 0)).is_err());
}
