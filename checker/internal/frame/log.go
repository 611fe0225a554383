package frame

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
)

// LogAgrees requires that the transaction log has what happened according to the history, and nothing
// that certainly did not happen according to it. A difference means that one of the two is wrong: a
// subject that answered what it had not done, or unreliable evidence. decide decides it key by key
// if the layout of the subject's znodes is trusted; if trusted is nil, the object has no known
// layout.
func LogAgrees(trusted func(*evidence.Record) bool, decide func(context.Context, *Finding, *evidence.Key)) *Property {
	return &Property{
		Name:     "log",
		NoModel:  Given,
		Meaning:  "the servers' transaction log agrees with the history",
		Common:   true,
		Logged:   true,
		Decider:  "transaction log",
		Evidence: func(*evidence.Record) string { return "Z, L" },
		Applies: func(a *evidence.Record) bool {
			return a.Log != nil && (trusted != nil && trusted(a) || namesEnd(a)) || anyRefused(a) || anyRefusedEnds(a)
		},
		Decide: func(ctx context.Context, k *evidence.Key) Finding {
			var f Finding
			if k.Log != nil && trusted != nil && trusted(k.Record) {
				decide(ctx, &f, k)
			}
			decideRefused(&f, k)
			decideRefusedEnds(&f, k)
			return f
		},
		Whole: func(a *evidence.Record) Finding {
			var f Finding
			if a.Log == nil {
				return f
			}
			for _, s := range a.OldestFirst() {
				if s.EndZxid != 0 {
					decideDead(&f, a, s)
				}
			}
			return f
		},
	}
}

// namesEnd reports whether a client was told the zxid of a session's end, and the log has that
// zxid.
func namesEnd(a *evidence.Record) bool {
	for _, s := range a.ByID {
		if s.EndZxid != 0 && a.Log.Find(s.EndZxid) != nil {
			return true
		}
	}
	return false
}

// decideDead compares the answer to a closeSession with the log.
func decideDead(f *Finding, a *evidence.Record, s *evidence.Session) {
	if a.Log.Find(s.EndZxid) == nil {
		return
	}
	f.Count("compared", 1)
	l := a.Log.Sessions[s.ID]
	if l != nil && l.Closed != 0 && l.Closed <= s.EndZxid {
		return
	}
	f.Violated([]int{s.EndEvent}, "the close of session %s of client %d was acknowledged at %s, but the transaction log closes it%s",
		s.ID, s.Client, words.Zxid(s.EndZxid), whenClosed(l))
}

// whenClosed describes where the log closes a session, if it does.
func whenClosed(l *evidence.LoggedSession) string {
	if l == nil || l.Closed == 0 {
		return " nowhere"
	}
	return " only at " + words.Zxid(l.Closed)
}
