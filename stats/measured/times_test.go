package measured

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/testkit/must"
)

// drawTimes draws times of a few milliseconds, so that many are equal.
func drawTimes(t *rapid.T, name string, censored bool) []Bound {
	one := rapid.Custom(func(t *rapid.T) Bound {
		return Bound{
			Time:    time.Duration(rapid.IntRange(1, 40).Draw(t, "ms")) * time.Millisecond,
			AtLeast: censored && rapid.IntRange(0, 2).Draw(t, "at least") == 0,
		}
	})
	return rapid.SliceOfN(one, 0, 200).Draw(t, name)
}

// Times stay the same when they are written and read back, and when they are merged in either
// order.
func TestTimesKeepWhatTheyWereGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := TimesOf(drawTimes(t, "a", true)), TimesOf(drawTimes(t, "b", true))
		var ab, ba Times
		ab.Merge(a)
		ab.Merge(b)
		ba.Merge(b)
		ba.Merge(a)
		text := must.Get(json.Marshal(&ab))(t)
		var read Times
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		type one struct {
			Bound
			N int
		}
		all := func(of *Times) (list []one) {
			for b, n := range of.All() {
				list = append(list, one{b, n})
			}
			return list
		}
		if diff := cmp.Diff(all(&ab), all(&ba)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(all(&ab), all(&read)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	})
}

func TestThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		-time.Second: 0, 0: 0, 1: 1, 999 * time.Microsecond: 999, 1234 * time.Microsecond: 1240,
		999_001 * time.Microsecond: 1_000_000, 911_300 * time.Microsecond: 912_000, time.Hour: 3_600_000_000,
	} {
		if got := threeDigits(d); got != want {
			t.Errorf("%v: %d µs, want %d", d, got, want)
		}
	}
}

// Impossible contents of a file are refused.
func TestTimesRefuse(t *testing.T) {
	for _, text := range []string{
		`{"us":[-1]}`, `{"us":[1,2],"n":[1]}`, `{"us":[1],"n":[0]}`, `{"at_least_us":[9223372036854775807]}`, `[]`,
	} {
		var read Times
		if err := json.Unmarshal([]byte(text), &read); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

// Without lower bounds, the distribution gives each time the share of times up to it. The reference
// counts them one by one.
func TestDistributionOfExactTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawTimes(t, "times", false)
		for _, s := range TimesOf(list).Distribution() {
			n := 0
			for _, b := range list {
				if b.Time <= s.Time {
					n++
				}
			}
			if want := float64(n) / float64(len(list)); math.Abs(s.Share-want) > 1e-9 {
				t.Errorf("%v: %v, want %v", s.Time, s.Share, want)
			}
		}
	})
}

// The estimate of Kaplan and Meier is the limit of Efron's "redistribute to the right" ("The two
// sample problem with censored data", 1967): each time has the same mass, and a lower bound leaves
// its mass to those that are longer, in equal parts. The reference does that one by one.
func TestDistributionRedistributesToTheRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawTimes(t, "times", true)
		got := TimesOf(list).Distribution()
		slices.SortFunc(list, Compare)
		mass := make([]float64, len(list))
		for i := range mass {
			mass[i] = 1 / float64(len(list))
		}
		share, shares := 0.0, map[time.Duration]float64{}
		for i, b := range list {
			if !b.AtLeast {
				share += mass[i]
				shares[b.Time] = share
				continue
			}
			for j := i + 1; j < len(list); j++ {
				mass[j] += mass[i] / float64(len(list)-i-1)
			}
		}
		if len(got) != len(shares) {
			t.Fatalf("%d steps, want %d", len(got), len(shares))
		}
		for _, s := range got {
			if math.Abs(s.Share-shares[s.Time]) > 1e-9 {
				t.Errorf("%v: %v, want %v", s.Time, s.Share, shares[s.Time])
			}
		}
	})
}

func TestTimesNeeded(t *testing.T) {
	for q, want := range map[float64]int{0.5: 6, 0.9: 39, 0.95: 76, 0.99: 441} {
		if got := Needed(q); got != want {
			t.Errorf("%v needs %d times, want %d", q, got, want)
		}
	}
}

func TestQuantiles(t *testing.T) {
	ms := func(n ...int) (list []Bound) {
		for _, n := range n {
			list = append(list, Bound{Time: time.Duration(n) * time.Millisecond})
		}
		return list
	}
	atLeast := func(n int) Bound { return Bound{Time: time.Duration(n) * time.Millisecond, AtLeast: true} }
	for _, c := range []struct {
		name   string
		times  []Bound
		median Bound
	}{
		{"none", nil, Bound{}},
		{"one", ms(7), ms(7)[0]},
		{"even", ms(1, 2, 3, 4), ms(2)[0]},
		{"only lower bounds", []Bound{atLeast(3), atLeast(5)}, atLeast(5)},
		{"mostly lower bounds", append(ms(1), atLeast(3), atLeast(5)), atLeast(5)},
		{"a lower bound that is shorter", append(ms(2, 3), atLeast(1)), ms(2)[0]},
	} {
		if got := TimesOf(c.times).Quantile(0.5); got != c.median {
			t.Errorf("%s: the median is %v, want %v", c.name, got, c.median)
		}
	}
}

// One exact time after many lower bounds is the whole estimate, but no evidence that the median is
// not longer.
func TestIntervalOfALastTime(t *testing.T) {
	list := []Bound{{Time: time.Second}}
	for range 7 {
		list = append(list, Bound{Time: time.Millisecond, AtLeast: true})
	}
	want := Interval{Low: Bound{Time: time.Second}, High: Bound{Time: time.Second, AtLeast: true}}
	if got, ok := TimesOf(list).QuantileInterval(0.5); got != want || !ok {
		t.Errorf("got %v, want %v", got, want)
	}
}

// An interval of 95 % contains the true median in about 95 of 100 samples. The times are drawn
// evenly from 0 to 1 s, and in the second case some are cut off at a time drawn in the same way.
func TestIntervalsCover(t *testing.T) {
	for name, censored := range map[string]bool{"exact": false, "with lower bounds": true} {
		const rounds, size = 1000, 60
		r := rand.New(rand.NewPCG(1, 2))
		missed := 0
		for range rounds {
			var list []Bound
			for range size {
				b := Bound{Time: time.Duration(r.Int64N(int64(time.Second)))}
				if cut := time.Duration(r.Int64N(int64(2 * time.Second))); censored && cut < b.Time {
					b = Bound{Time: cut, AtLeast: true}
				}
				list = append(list, b)
			}
			i, ok := TimesOf(list).QuantileInterval(0.5)
			if !ok {
				t.Fatalf("%s: no interval of %d times", name, size)
			}
			if i.Low.Time > time.Second/2 || i.High.Time < time.Second/2 && !i.High.AtLeast {
				missed++
			}
		}
		if missed > rounds*8/100 {
			t.Errorf("%s: %d of %d intervals missed the median", name, missed, rounds)
		}
	}
	if _, ok := TimesOf([]Bound{{Time: 1}, {Time: 2}}).QuantileInterval(0.5); ok {
		t.Error("two times have an interval")
	}
}
