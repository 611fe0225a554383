package crosscheck

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

var ctx = context.Background()

// outcome is how an operation ended. An open operation has no completion.
type outcome string

const (
	ok   outcome = "ok"
	fail outcome = "fail"
	info outcome = "info"
	open outcome = "open"
)

// op is an operation of a history. Its values are JSON; "" means that there is no
// value.
type op struct {
	client   int
	f, key   string
	arg, res string
	inv, ret int64 // ret is only meaningful if there is a completion
	out      outcome
	with     evidence // only in histories of zklab's own
}

// The three answers, which both sides can give.
const (
	valid     = "valid"
	violation = "violation"
	unknown   = "unknown"
	undecided = "undecided" // only on our side: any answer is acceptable
)

// answers holds the answers of one side about a history, by question.
type answers map[string]string

// subject is a subject of comparison: an object, or a property.
type subject[H any] struct {
	name     string
	generate func(r *rand.Rand) H
	ours     func(H) answers // by enumeration
	zklab    func(H) answers
	agree    func(name, ours, zklab string) bool
	smaller  func(H) []H // with one thing left out
	print    func(H) string
	skips    func(H) bool // histories that are not compared; nil if there are none
}

// compare lets both sides judge generated histories.
func (s subject[H]) compare(t *testing.T) {
	seed := number("ZKLAB_CROSSCHECK_SEED", 1)
	n := histories()
	wrong, count := 0, map[string]int{}
	for i := number("ZKLAB_CROSSCHECK_FIRST", 0); i < n; i++ {
		h := s.generate(rand.New(rand.NewPCG(uint64(seed), uint64(i))))
		if s.skips != nil && s.skips(h) {
			count["skipped"]++
			continue
		}
		ours, theirs := s.ours(h), s.zklab(h)
		what, differ := s.differ("", ours, theirs)
		if !differ {
			for name, answer := range ours {
				if name != full {
					answer = name + " " + answer
				}
				count[answer]++
			}
			continue
		}
		h = s.minimize(h, what)
		if again, last := s.ours(h), s.zklab(h); again[what] != "" {
			ours, theirs = again, last
		}
		t.Errorf("history %d of seed %d: %s: here %s, zklab %s\n%s", i, seed, what, ours[what], theirs[what], s.print(h))
		if wrong++; wrong == number("ZKLAB_CROSSCHECK_SHOW", 3) {
			t.FailNow()
		}
	}
	t.Logf("%s: %d histories: %v", s.name, n, count)
}

// usual is the number of histories on which each subject is compared.
const usual = 1000

// histories returns the number of histories: usual, or what ZKLAB_CROSSCHECK asks for.
func histories() int { return number("ZKLAB_CROSSCHECK", usual) }

// differ finds an answer in which the sides differ. If name is not empty, it looks only
// at the answer of that name.
func (s subject[H]) differ(name string, ours, theirs answers) (what string, differ bool) {
	for what, a := range ours {
		if (name == "" || name == what) && a != undecided && !s.agree(what, a, theirs[what]) {
			return what, true
		}
	}
	return "", false
}

// minimize leaves out what can be left out while the sides still differ in the same
// answer.
func (s subject[H]) minimize(h H, what string) H {
	for again := true; again; {
		again = false
		for _, less := range s.smaller(h) {
			if s.skips != nil && s.skips(less) {
				continue
			}
			if _, differ := s.differ(what, s.ours(less), s.zklab(less)); differ {
				h, again = less, true
				break
			}
		}
	}
	return h
}

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}
