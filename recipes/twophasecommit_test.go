package recipes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
)

var abc = []string{"a", "b", "c"}

// ofTransaction runs a test with two clients of one transaction, which has begun with sites
// a, b and c.
func ofTransaction(t *testing.T, test func(ctx context.Context, tr *tree, f *fake, a, b *TwoPhaseCommit)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tr := newTree()
		f, sa := tr.connect(t, fakeTimeout)
		_, sb := tr.connect(t, fakeTimeout)
		a, b := NewTwoPhaseCommit(sa, "/tx"), NewTwoPhaseCommit(sb, "/tx")
		must(t, a.Begin(t.Context(), abc))
		test(t.Context(), tr, f, a, b)
		for _, x := range []*TwoPhaseCommit{a, b} {
			must(t, x.Close(t.Context()))
		}
	})
}

func vote(ctx context.Context, t *testing.T, x *TwoPhaseCommit, yes bool, sites ...string) {
	t.Helper()
	for _, site := range sites {
		must(t, x.Vote(ctx, site, yes))
	}
}

// isDecided checks the answer about a decision.
func isDecided(t *testing.T, what string, committed bool, err error, want bool) {
	t.Helper()
	must(t, err)
	if committed != want {
		t.Errorf("%s: committed %v, want %v", what, committed, want)
	}
}

func outcomeIs(ctx context.Context, t *testing.T, x *TwoPhaseCommit, want bool) {
	t.Helper()
	committed, err := x.Outcome(ctx)
	isDecided(t, "outcome", committed, err, want)
}

func TestTransactionCommitsWhenAllHaveVoted(t *testing.T) {
	ofTransaction(t, func(ctx context.Context, tr *tree, _ *fake, a, b *TwoPhaseCommit) {
		vote(ctx, t, b, true, "a", "c")
		decided := make(chan bool)
		go func() {
			committed, err := b.Outcome(ctx)
			must(t, err)
			decided <- committed
		}()
		time.Sleep(3 * fakeTimeout)
		synctest.Wait()
		select {
		case <-decided:
			t.Fatal("decided, though a vote is missing")
		default:
		}
		vote(ctx, t, a, true, "b")
		if !<-decided {
			t.Error("aborted, though all have voted yes")
		}
		outcomeIs(ctx, t, a, true)
		committed, err := a.Decide(ctx, 0)
		isDecided(t, "decide", committed, err, true)
		if got, want := tr.children("/tx"), []string{"outcome", "sites", "vote-a", "vote-b", "vote-c"}; !slices.Equal(got, want) {
			t.Errorf("znodes %v, want %v", got, want)
		}
	})
}

func TestTransactionAbortsAtTheFirstNo(t *testing.T) {
	ofTransaction(t, func(ctx context.Context, _ *tree, _ *fake, a, b *TwoPhaseCommit) {
		vote(ctx, t, a, true, "a")
		vote(ctx, t, b, false, "b")
		outcomeIs(ctx, t, a, false)
		vote(ctx, t, a, true, "c") // too late
		outcomeIs(ctx, t, b, false)
	})
}

// If a site died before it voted, any client whose patience ends decides without it.
func TestTransactionAbortsWhenPatienceEnds(t *testing.T) {
	ofTransaction(t, func(ctx context.Context, _ *tree, _ *fake, a, b *TwoPhaseCommit) {
		vote(ctx, t, a, true, "a", "b")
		began := time.Now()
		committed, err := b.Decide(ctx, 10*time.Minute)
		isDecided(t, "decide", committed, err, false)
		if took := time.Since(began); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("took %v", took)
		}
		vote(ctx, t, a, true, "c")
		outcomeIs(ctx, t, a, false)
	})
}

// The coordinator's server shows none of the votes that were acknowledged before its patience
// ended.
func TestTransactionOfVotesThatAreNotSeenYet(t *testing.T) {
	ofTransaction(t, func(ctx context.Context, tr *tree, f *fake, a, b *TwoPhaseCommit) {
		tr.mu.Lock()
		f.lag()
		tr.mu.Unlock()
		vote(ctx, t, b, true, abc...)
		committed, err := a.Decide(ctx, 0)
		isDecided(t, "decide", committed, err, true)
	})
}

// Two coordinators decide while a vote comes: whatever the outcome, all clients are told the
// same.
func TestTransactionIsDecidedOnce(t *testing.T) {
	for _, after := range []time.Duration{-time.Nanosecond, 0, time.Nanosecond} {
		ofTransaction(t, func(ctx context.Context, _ *tree, _ *fake, a, b *TwoPhaseCommit) {
			vote(ctx, t, a, true, "a", "b")
			told := make(chan bool)
			for _, x := range []*TwoPhaseCommit{a, b, a, b} {
				go func() {
					committed, err := x.Decide(ctx, time.Second)
					must(t, err)
					told <- committed
				}()
			}
			time.Sleep(time.Second + after)
			vote(ctx, t, b, true, "c")
			first := <-told
			for range 3 {
				if <-told != first {
					t.Error("one was told commit, another one abort")
				}
			}
			outcomeIs(ctx, t, a, first)
		})
	}
}

func TestTransactionErrors(t *testing.T) {
	ofTransaction(t, func(ctx context.Context, tr *tree, _ *fake, a, b *TwoPhaseCommit) {
		none := NewTwoPhaseCommit(clientOver(b.r.Client), "/none")
		_, never := none.Outcome(ctx)
		_, nobody := none.Decide(ctx, 0)
		must(t, a.Vote(ctx, "a", true))
		for _, test := range []struct {
			what      string
			err, want error
		}{
			{"begin again", b.Begin(ctx, abc), nil},
			{"begin with others", b.Begin(ctx, []string{"a"}), ErrBegun},
			{"no sites", b.Begin(ctx, nil), ErrSites},
			{"an empty name", b.Begin(ctx, []string{""}), ErrSites},
			{"a name twice", b.Begin(ctx, []string{"a", "a"}), ErrSites},
			{"a slash", b.Begin(ctx, []string{"a/b"}), ErrSites},
			{"two lines", b.Begin(ctx, []string{"a\nb"}), ErrSites},
			{"no text", b.Begin(ctx, []string{"\xff"}), ErrSites},
			{"too many", b.Begin(ctx, make([]string, 1001)), ErrSites},
			{"too large", b.Begin(ctx, []string{strings.Repeat("a", MaxItem)}), ErrTooLarge},
			{"vote again", b.Vote(ctx, "a", true), nil},
			{"vote otherwise", b.Vote(ctx, "a", false), ErrVoted},
			{"vote of nobody", b.Vote(ctx, "d", true), ErrNotSite},
			{"vote too early", none.Vote(ctx, "a", true), ErrNotBegun},
			{"outcome too early", never, ErrNotBegun},
			{"decide too early", nobody, ErrNotBegun},
		} {
			if !errors.Is(test.err, test.want) || test.want != nil && !isWithoutEffect(test.err) {
				t.Errorf("%s: %v, want %v, without effect", test.what, test.err, test.want)
			}
		}
		if _, err := tr.create("/tx/outcome", []byte("perhaps"), 0, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Outcome(ctx); !errors.Is(err, ErrNoOutcome) {
			t.Errorf("an outcome that is none: %v", err)
		}
		must(t, none.Close(ctx))
		if err := none.Vote(ctx, "a", true); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// A vote that is not yes counts as no, and a vote that another client removes is
// missing.
func TestTransactionOfForeignVotes(t *testing.T) {
	ofTransaction(t, func(ctx context.Context, tr *tree, f *fake, a, b *TwoPhaseCommit) {
		vote(ctx, t, b, true, abc...)
		gone := false
		f.fail(func(op, _ string) fault {
			if op == "multi" && !gone {
				gone = true
				tr.remove("/tx/vote-c")
			}
			return fine
		})
		cut, cancel := context.WithTimeout(ctx, fakeTimeout)
		defer cancel()
		if committed, err := a.Outcome(cut); !errors.Is(err, context.DeadlineExceeded) || !isWithoutEffect(err) {
			t.Errorf("committed %v, %v, without the vote of c", committed, err)
		}
		f.fail(nil)
		tr.mu.Lock()
		_, err := tr.create("/tx/vote-c", []byte("Yes, please"), 0, 0)
		tr.mu.Unlock()
		must(t, err)
		outcomeIs(ctx, t, a, false)
	})
}

// TestTransactionAtEveryRequest goes through a transaction, with mishaps in one of its calls.
func TestTransactionAtEveryRequest(t *testing.T) {
	for _, c := range []string{voteYes, voteNo, ""} { // the vote of site c; "" means that it does not vote
		for _, hit := range []string{"begin", "vote", "decide", "outcome"} {
			t.Run(fmt.Sprintf("%s, c votes %q", hit, c), func(t *testing.T) {
				everyRequest(t, func(ctx context.Context, t *testing.T, m *mishap) { transactionOf(ctx, t, m, c, hit) })
			})
		}
	}
}

// transactionOf goes through a transaction. After a has made a call with a mishap, b
// makes the same call.
func transactionOf(ctx context.Context, t *testing.T, m *mishap, ofC, hit string) {
	a, b := NewTwoPhaseCommit(m.a, m.path), NewTwoPhaseCommit(m.b, m.path)
	commits := ofC == voteYes
	do := func(op, makes string, call func(ctx context.Context, x *TwoPhaseCommit) error) {
		if hit == op {
			was := slices.Contains(m.tr.children(m.path), makes)
			err := m.during(ctx, func(ctx context.Context) error { return call(ctx, a) })
			settledAs(t, m, op, err, makes, was)
			m.catchUp()
		}
		must(t, call(ctx, b))
	}
	told := func(committed bool, err error) error {
		if err == nil && committed != commits {
			t.Errorf("told that it is committed: %v, want %v", committed, commits)
		}
		return err
	}
	do("begin", "sites", func(ctx context.Context, x *TwoPhaseCommit) error { return x.Begin(ctx, abc) })
	must(t, b.Vote(ctx, "a", true))
	do("vote", "vote-b", func(ctx context.Context, x *TwoPhaseCommit) error { return x.Vote(ctx, "b", true) })
	if ofC != "" {
		must(t, b.Vote(ctx, "c", commits))
	}
	if hit != "outcome" || ofC == "" {
		do("decide", "outcome", func(ctx context.Context, x *TwoPhaseCommit) error {
			return told(x.Decide(ctx, 10*time.Millisecond))
		})
	}
	do("outcome", "outcome", func(ctx context.Context, x *TwoPhaseCommit) error { return told(x.Outcome(ctx)) })
	must(t, a.Close(ctx))
	must(t, b.Close(ctx))
}

// settledAs checks what the error of a call says about the znode that the call creates. was
// means that the znode existed before.
func settledAs(t *testing.T, m *mishap, what string, err error, node string, was bool) {
	t.Helper()
	time.Sleep(2 * fakeTimeout) // for whatever is still under way
	made := slices.Contains(m.tr.children(m.path), node)
	switch {
	case err == nil && !made:
		t.Errorf("%s: done, but there is no %s", what, node)
	case isWithoutEffect(err) && made && !was:
		t.Errorf("%s: %v, said to be without effect, but there is %s", what, err, node)
	case err != nil && !isWithoutEffect(err) && !errors.Is(err, ErrUnknown):
		t.Errorf("%s: neither settled nor unknown: %v", what, err)
	case err != nil && m.fate != silence && !m.cancels:
		t.Errorf("%s: %s: %v", m.name, what, err)
	}
}

// A refusal is reported as such, although an earlier try may have been carried out.
func TestTransactionRefusedAfterALostReply(t *testing.T) {
	ofTransaction(t, func(ctx context.Context, _ *tree, f *fake, a, _ *TwoPhaseCommit) {
		n := 0
		f.fail(func(op, path string) fault {
			if op == "create" && strings.Contains(path, "vote-a") {
				n++
				return map[int]fault{1: lostRequest, 2: refused}[n]
			}
			return fine
		})
		err := a.Vote(ctx, "a", true)
		if !errors.Is(err, ErrUnknown) || !errors.Is(err, zk.ErrNoAuth) || isWithoutEffect(err) {
			t.Errorf("error %v", err)
		}
		f.fail(nil)
	})
}
