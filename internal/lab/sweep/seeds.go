package sweep

import (
	"fmt"
	"iter"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// MaxSeed is the highest seed: JSON readers keep whole numbers exactly up to there.
const MaxSeed = 1<<53 - 1

// Seeds holds seeds, from 1 on, as ranges in rising order that neither overlap nor touch.
type Seeds []Range

// Range are the seeds from First to Last, both included.
type Range struct{ First, Last int64 }

// ParseSeeds reads seeds as people write them: 42, 1..10000, 1..100,200..300,7.
func ParseSeeds(text string) (Seeds, error) {
	var s Seeds
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseRange(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		s = append(s, r)
	}
	return s.joined(), nil
}

func parseRange(text string) (Range, error) {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		to = from
	}
	first, err1 := parseSeed(from)
	last, err2 := parseSeed(to)
	switch {
	case err1 != nil || err2 != nil:
		return Range{}, fmt.Errorf("seeds %.40q: expected whole numbers from 1 to %d, like 42, 1..10000 or 1..100,7", text, MaxSeed)
	case first > last:
		return Range{}, fmt.Errorf("seeds %.40q: the range runs backwards; write %d..%d", text, last, first)
	}
	return Range{first, last}, nil
}

func parseSeed(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (n < 1 || n > MaxSeed) {
		err = strconv.ErrRange
	}
	return n, err
}

// joined sorts the ranges and merges those that overlap or touch.
func (s Seeds) joined() Seeds {
	slices.SortFunc(s, func(a, b Range) int { return int(max(-1, min(1, a.First-b.First))) })
	var out Seeds
	for _, r := range s {
		if n := len(out); n > 0 && r.First <= out[n-1].Last+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// String returns the text that [ParseSeeds] reads.
func (s Seeds) String() string {
	parts := make([]string, len(s))
	for i, r := range s {
		parts[i] = strconv.FormatInt(r.First, 10)
		if r.Last > r.First {
			parts[i] += ".." + strconv.FormatInt(r.Last, 10)
		}
	}
	return strings.Join(parts, ",")
}

// Brief is like String, for at most the given number of ranges. It adds how many seeds it leaves
// out.
func (s Seeds) Brief(most int) string {
	if len(s) <= most {
		return s.String()
	}
	return fmt.Sprintf("%s and %d more", s[:most], s[most:].Count())
}

// MarshalText writes String.
func (s Seeds) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Seeds) UnmarshalText(text []byte) (err error) {
	if *s = nil; len(text) > 0 {
		*s, err = ParseSeeds(string(text))
	}
	return err
}

// Count returns the number of seeds.
func (s Seeds) Count() (n int64) {
	for _, r := range s {
		n += r.Last - r.First + 1
	}
	return n
}

// Has reports whether s contains a seed.
func (s Seeds) Has(seed int64) bool {
	return slices.ContainsFunc(s, func(r Range) bool { return r.First <= seed && seed <= r.Last })
}

// Includes reports whether s contains all of the others.
func (s Seeds) Includes(others Seeds) bool {
	for _, o := range others {
		if !slices.ContainsFunc(s, func(r Range) bool { return r.First <= o.First && o.Last <= r.Last }) {
			return false
		}
	}
	return true
}

// All yields the seeds in rising order.
func (s Seeds) All() iter.Seq[int64] { return s.of(Shard{}) }

// of yields the seeds of a shard.
func (s Seeds) of(shard Shard) iter.Seq[int64] {
	step, first := shard.places()
	return func(yield func(int64) bool) {
		for _, r := range s {
			for seed := r.First + mod(first-r.First, step); seed <= r.Last; seed += step {
				if !yield(seed) {
					return
				}
			}
		}
	}
}

// countOf returns how many of the seeds belong to a shard.
func (s Seeds) countOf(shard Shard) (n int64) {
	step, first := shard.places()
	for _, r := range s {
		if seed := r.First + mod(first-r.First, step); seed <= r.Last {
			n += (r.Last-seed)/step + 1
		}
	}
	return n
}

// mod returns the remainder that is never negative.
func mod(a, b int64) int64 { return (a%b + b) % b }

// seedSet is a set of seeds: with one bit for each, so that millions need little memory.
type seedSet struct {
	words   map[int64]uint64
	n       int64
	highest int64
}

const wordBits = 64

// add adds a seed, and reports whether it was new.
func (s *seedSet) add(seed int64) bool {
	if s.has(seed) {
		return false
	}
	if s.words == nil {
		s.words = map[int64]uint64{}
	}
	s.words[seed/wordBits] |= 1 << uint(seed%wordBits)
	s.n++
	s.highest = max(s.highest, seed)
	return true
}

func (s *seedSet) copy() seedSet {
	return seedSet{words: maps.Clone(s.words), n: s.n, highest: s.highest}
}

func (s *seedSet) has(seed int64) bool { return s.words[seed/wordBits]&(1<<uint(seed%wordBits)) != 0 }

// counts returns how many seeds in the set belong to each of n shards, from shard 1 on.
func (s *seedSet) counts(n int) []int64 {
	all := make([]int64, n)
	for word, set := range s.words {
		for ; set != 0; set &= set - 1 {
			all[mod(word*wordBits+int64(bits.TrailingZeros64(set))-1, int64(n))]++
		}
	}
	return all
}

// missing returns the seeds of a shard that are not in the set, in at most the given number of
// ranges. It does not look at each seed beyond the highest of the set, since there may be billions.
func (s *seedSet) missing(of Seeds, shard Shard, most int) (left Seeds) {
	for seed := range of.of(shard) {
		if s.has(seed) {
			continue
		}
		if shard.Whole() && seed > s.highest {
			left = append(left, of.from(seed)...).joined()
			break
		}
		if n := len(left); n > 0 && left[n-1].Last+1 == seed {
			left[n-1].Last = seed
			continue
		}
		if len(left) == most {
			break
		}
		left = append(left, Range{seed, seed})
	}
	return left[:min(most, len(left))]
}

// from returns the seeds from the given one on.
func (s Seeds) from(seed int64) (rest Seeds) {
	for _, r := range s {
		if r.Last >= seed {
			rest = append(rest, Range{max(seed, r.First), r.Last})
		}
	}
	return rest
}

// Seeds returns how many of the given seeds belong to the shard.
func (s Shard) Seeds(of Seeds) int64 { return of.countOf(s) }
