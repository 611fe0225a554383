package prose_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
)

func TestProse(t *testing.T) {
	for want, got := range map[string]string{
		"1 key": prose.Count(1, "key"), "5 keys": prose.Count(5, "key"), "0 histories": prose.Count(0, "history"),
		"1 process": prose.Count(1, "process"), "2 processes": prose.Count(2, "process"), "2 matrices": prose.Count(2, "matrix"),
		"2 publishes": prose.Count(2, "publish"), "2 boxes": prose.Count(2, "box"), "reaches": prose.Verb(1, "reach"), "pass": prose.Verb(2, "pass"),
		"never": prose.Times(0), "once": prose.Times(1), "twice": prose.Times(2), "3 times": prose.Times(3),
		"": prose.List(nil, "or"), "a": prose.List([]string{"a"}, "or"), "a or b": prose.List([]string{"a", "b"}, "or"),
		"1, 2 and 5": prose.Numbers([]int{1, 2, 5}),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 2884: "2,884", 1234567: "1,234,567", -123: "-123", -1234: "-1,234"} {
		if got := prose.Grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 500: "500 bytes", 1 << 10: "1 KiB", 64 << 20: "64 MiB", 3 << 29: "1.5 GiB", 1000 << 20: "1000 MiB"} {
		if got := prose.Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestLength(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "none", 0: "0", 800: "800 ns", 1500: "1.5 µs", 12345 * time.Microsecond: "12.3 ms", 2346 * time.Millisecond: "2.35 s",
		999_499: "999 µs", 999_500: "1 ms", 999_499 * time.Microsecond: "999 ms", 999_500 * time.Microsecond: "1 s",
		61 * time.Second: "61 s", 150 * time.Second: "2 min 30 s", 150 * time.Minute: "2 h 30 min",
	} {
		if got := prose.Length(d); got != want {
			t.Errorf("Length(%d) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0.0 s", 1250 * time.Millisecond: "1.2 s", 119 * time.Second: "119.0 s", 120 * time.Second: "2 min 0 s"} {
		if got := prose.Elapsed(d); got != want {
			t.Errorf("Elapsed(%d) = %q, want %q", d, got, want)
		}
	}
}
