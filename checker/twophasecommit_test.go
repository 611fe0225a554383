package checker

import (
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	objects "github.com/zklab/zklab/history/models"
)

func TestTwoPhaseCommitAgreesWithReference(t *testing.T) {
	t.Parallel()
	agreement(t, objects.TwoPhaseCommit.Name, 0, true, checktest.GenerateTransaction)
}

// transactionScenarios returns scenarios written by hand.
func transactionScenarios() []scenario {
	const k = "k"
	ok, info, fail := history.OK, history.Info, history.Fail
	begun := checktest.Transaction
	one := func() *checktest.Record { return begun().Casts(k, 1, 3, 4, "a", true, ok) }
	both := func() *checktest.Record { return one().Casts(k, 2, 5, 6, "b", true, ok) }
	ended := func(r *checktest.Record) *checktest.Record { return r.Fact(20001, history.FEnd, nil) }
	// waits makes client 2 ask for the outcome, in vain.
	waits := func(r *checktest.Record, from, to int) *checktest.Record {
		return ended(r.Op(checktest.Args{Client: 2, F: objects.FOutcome, Key: k, Inv: from, Ret: to, Outcome: fail, Session: 3}))
	}
	return []scenario{
		{"all were told the same", "agreement", Valid, "", both().Learns(k, 0, 10, 11, true).Learns(k, 1, 10, 12, true)},
		{"one commits, one aborts", "agreement", Violation, "client 0 saw abort for k at 0.011 s, but client 1 saw commit for k at 0.012 s", both().Learns(k, 0, 10, 11, false).Learns(k, 1, 10, 12, true)},
		{"who failed was told nothing", "agreement", Valid, "", both().Decides(k, 0, 10, 11, 40, false, fail).Learns(k, 1, 10, 12, true)},
		{"a site that votes both ways", "agreement", Unknown, `site "a" voted both yes and no`, both().Casts(k, 1, 7, 8, "a", false, ok).Learns(k, 1, 10, 12, true)},
		{"two coordinators with different sites", "agreement", Unknown, "begun with different sites", both().Begun(k, 1, 7, 8, "a").Learns(k, 1, 10, 12, true)},
		{"no sites", "no-lazy-abort", Unknown, "k cannot be decided: it was begun without a site", checktest.Ours(objects.TwoPhaseCommit.Name, history.Params{Clients: 3}).Phases(0, 1000, 1100).Begun(k, 0, 1, 2).Decides(k, 0, 10, 60, 40, false, ok)},

		{"all had voted", "validity", Valid, "", both().Learns(k, 0, 10, 11, true)},
		{"one had not voted", "validity", Violation, `client 0 saw commit for k at 0.011 s, but site "b" had not voted yes by then`, one().Learns(k, 0, 10, 11, true)},
		{"one votes twice", "validity", Violation, `site "b" had not voted yes`, one().Casts(k, 1, 5, 6, "a", true, ok).Learns(k, 0, 10, 11, true)},
		{"a vote that failed for certain", "validity", Violation, `site "b" had not voted yes`, one().Casts(k, 2, 5, 6, "b", true, fail).Learns(k, 0, 10, 11, true)},
		{"a vote that may count", "validity", Valid, "", one().Casts(k, 2, 5, 6, "b", true, info).Learns(k, 0, 10, 11, true)},
		{"a vote that came later", "validity", Violation, `site "b" had not voted yes`, one().Learns(k, 0, 10, 11, true).Casts(k, 2, 12, 13, "b", true, ok)},
		{"a no", "validity", Violation, `site "b" voted no, which was acknowledged at 0.006 s`, one().Casts(k, 2, 5, 6, "b", false, ok).Learns(k, 0, 10, 11, true)},
		{"the no of somebody else", "validity", Valid, "", both().Casts(k, 0, 7, 8, "z", false, ok).Learns(k, 0, 10, 11, true)},

		{"aborted after a no", "no-lazy-abort", Valid, "", one().Casts(k, 2, 5, 6, "b", false, info).Learns(k, 0, 10, 11, false)},
		{"aborted without anybody's patience", "no-lazy-abort", Violation, "though no site had voted no, and no client's patience had ended", one().Learns(k, 0, 10, 11, false)},
		{"aborted before the patience ended", "no-lazy-abort", Violation, "client's patience had ended", one().Decides(k, 0, 10, 20, 40, false, ok)},
		{"aborted when the patience ended", "no-lazy-abort", Valid, "", one().Decides(k, 0, 10, 60, 40, false, ok)},
		{"aborted though all had voted", "no-lazy-abort", Violation, "though all had voted yes by 0.006 s, and the first whose patience ended was client 0, at 0.050 s", both().Decides(k, 0, 10, 60, 40, false, ok)},
		{"a vote at the last moment", "no-lazy-abort", Valid, "", one().Casts(k, 2, 49, 51, "b", true, ok).Decides(k, 0, 10, 60, 40, false, ok)},
		{"a vote of which nobody knows", "no-lazy-abort", Valid, "", one().Casts(k, 2, 5, 6, "b", true, info).Decides(k, 0, 10, 60, 40, false, ok)},
		{"aborted by somebody who does not know", "no-lazy-abort", Valid, "", one().Decides(k, 0, 10, 51, 40, false, info).Learns(k, 1, 10, 60, false)},
		{"aborted by somebody who failed", "no-lazy-abort", Violation, "client's patience had ended", one().Decides(k, 0, 10, 51, 40, false, fail).Learns(k, 1, 10, 60, false)},

		{"told the same again", "irrevocable", Valid, "", both().Learns(k, 0, 10, 11, true).Learns(k, 0, 12, 13, true)},
		{"told otherwise", "irrevocable", Violation, "client 0 saw commit for k at 0.011 s, and abort at 0.013 s", both().Learns(k, 0, 10, 11, true).Learns(k, 0, 12, 13, false)},

		{"waits for a vote", "termination", Valid, "", waits(one(), 10, 20000)},
		{"waits though all have voted", "termination", Violation, "client 2 waited for the outcome of k from 0.010 s to 15.000 s (14.990 s, of", waits(both(), 10, 15000)},
		{"waits for less than the bound", "termination", Valid, "", waits(both(), 10, 5000)},
		{"waits though a site voted no", "termination", Violation, "though a site had voted no by 0.004 s", waits(begun().Casts(k, 1, 3, 4, "a", false, ok), 10, 15000)},
		{"waits though it was told to somebody", "termination", Violation, "though a client had seen commit by 0.011 s", waits(one().Casts(k, 0, 5, 6, "b", true, info).Learns(k, 1, 10, 11, true), 10, 15000)},
		{"patience without end", "termination", Violation, "though its patience had ended by 0.050 s", ended(one().Decides(k, 0, 10, 15000, 40, false, ok))},
	}
}

// loggedTransactions lists scenarios in which the log shows what was decided.
func loggedTransactions() []scenario {
	// decided commits some transactions, as the log shows.
	decided := func() *checktest.Record {
		r := checktest.Transaction().Opens(1).Opens(2)
		r.Casts("k", 1, 3, 4, "a", true, history.OK).Casts("k", 2, 5, 6, "b", true, history.OK).Resolves(1, "k", true)
		return r.Saw(9, 0, 3, 8)
	}
	told := func(r *checktest.Record, commit bool) *checktest.Record {
		return r.Learns("k", 0, 10, 12, commit).Saw(14, 0, 3, 11)
	}
	deleted := func(r *checktest.Record) *checktest.Record {
		return r.Txn(history.Txn{Type: "delete", Session: 2, Path: "/run/k/outcome"})
	}
	// fleeting makes an ephemeral znode of session 2 the decision of k.
	fleeting := func() *checktest.Record {
		r := checktest.Transaction().Opens(1).Opens(2)
		r.Casts("k", 1, 3, 4, "a", true, history.OK).Casts("k", 2, 5, 6, "b", true, history.OK)
		r.Txn(history.Txn{Type: "create", Session: 2, Owner: 2, Path: "/run/k/outcome", Data: []byte("commit")})
		return told(r.Saw(9, 0, 3, 8), true)
	}
	several := func() *checktest.Record {
		r := decided()
		for i := range 10 {
			r.Learns("k", i%2, 20+10*i, 22+10*i, true)
		}
		return r
	}
	return []scenario{
		{"a decision of which the log knows nothing", "log", Violation, "client 1 saw abort for k at 0.302 s, but the transaction log has no such decision", several().Learns("k", 1, 300, 302, false).Shown(400)},
		{"decisions as the log has them", "log", Valid, "", several().Learns("k", 1, 300, 302, true).Shown(400)},
		{"a decision that was replaced", "irrevocable", Violation, "in the transaction log k is decided as commit at", told(decided(), true).Resolves(2, "k", false).Shown(400)},
		{"a decision that was deleted", "irrevocable", Violation, "in the transaction log k is decided as commit at 0x100000003, and deleted at 0x100000004", deleted(told(decided(), true)).Shown(400)},
		{"a decision that went with a session", "irrevocable", Violation, "in the transaction log k is decided as commit at 0x100000003, and deleted at 0x100000004", fleeting().Closes(2).Shown(400)},
		{"a decision that goes with a session that lives", "irrevocable", Valid, "", fleeting().Closes(3).Shown(400)},
		{"a decision that was deleted and made again", "irrevocable", Violation, "and deleted at", deleted(told(decided(), true)).Resolves(2, "k", true).Shown(400)},
		{"a decision that a fault may have deleted", "irrevocable", Valid, "", recreated(deleted(told(decided(), true)), 20).Resolves(2, "k", true).Shown(400)},
		{"a decision that is another one behind a fault", "irrevocable", Violation, "and as abort at", recreated(deleted(told(decided(), true)), 20).Resolves(2, "k", false).Shown(400)},
		{"a decision that stands", "irrevocable", Valid, "", told(decided(), true).Resolves(2, "k", true).Shown(400)},
	}
}

func init() {
	scenarios = append(scenarios, transactionScenarios()...)
	logScenarios = append(logScenarios, loggedTransactions()...)
	generators[objects.TwoPhaseCommit.Name] = checktest.GenerateTransaction
	excuses["termination"] = func(*history.Event, *history.Operation) string {
		return "what did not happen in time cannot be shown by events alone"
	}
	calls[objects.TwoPhaseCommit.Name] = voted
}

// voted returns a client's next operation on transactions, in a fixed pattern.
func voted(w *crowd, c int) (f string, in, out any) {
	switch w.visits[c] % 4 {
	case 0:
		return objects.FPrepare, objects.Sites{Sites: []string{"a"}}, nil
	case 1:
		return objects.FVote, objects.Ballot{Site: "a"}, nil
	case 2:
		return objects.FDecide, objects.Deciding{}, objects.Decision{}
	}
	return objects.FOutcome, nil, objects.Decision{}
}
