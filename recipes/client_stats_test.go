package recipes

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStatsAndLog makes a client meet everything that is counted and logged.
func TestStatsAndLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		tr := newTree()
		f, cl := tr.connect(t, fakeTimeout, WithLogger(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		expect := func(when string, want Stats) {
			t.Helper()
			synctest.Wait()
			got := cl.Stats()
			if got.Requests == 0 {
				t.Errorf("%s: no requests", when)
			}
			if got.Requests = 0; got != want {
				t.Errorf("%s: %+v\n, not %+v", when, got, want)
			}
		}
		l, q := NewLock(cl, "/lock"), NewQueue(cl, "/queue")
		must(t, l.Lock(t.Context()))
		want := Stats{Attempts: 1, Holds: 1, Sessions: 1}
		expect("a lock", want)

		must(t, q.Put(t.Context(), nil))
		want.Attempts++
		expect("a put", want)

		f.fail(nth(1, "multi", "-item-", lostReply))
		must(t, q.Put(t.Context(), nil))
		want.Attempts++
		want.Settled++
		expect("a lost reply", want)

		f.fail(nth(1, "multi", "-item-", lostRequest))
		must(t, q.Put(t.Context(), nil))
		want.Attempts += 2
		want.Settled++
		want.Retries++
		expect("a lost request", want)

		f.fail(nth(1, "multi", "-item-", nextSession))
		if err := q.Put(t.Context(), nil); err == nil {
			t.Error("a put over the end of the session succeeded")
		}
		f.fail(nil)
		time.Sleep(fakeTimeout)
		want.Attempts++
		want.Unknown++
		want.Sessions++
		want.SessionsLost++
		want.HoldsLost++
		want.CleanUps += 2 // the lock's contender, and the marker
		expect("the next session", want)

		must(t, l.Lock(t.Context()))
		f.fail(func(op, _ string) fault { return map[bool]fault{true: refused}[op == "delete"] })
		if err := l.Close(t.Context()); err == nil {
			t.Error("closed in spite of a refusal")
		}
		want.Attempts++
		want.Holds++
		want.CleanUpsPending++
		expect("a refusal", want)
		f.fail(nil)
		time.Sleep(time.Second)
		want.CleanUpsPending--
		want.CleanUps++
		expect("right again", want)

		must(t, q.Close(t.Context()))
		must(t, cl.Close(t.Context()))
		for _, part := range []string{
			`level=INFO msg="session began" session=0x100`, `level=WARN msg="session is gone" session=0x100`,
			`level=WARN msg="hold was lost" path=/lock/`, `level=WARN msg="outcome is unknown" error="put /queue: outcome unknown`,
			`level=WARN msg="clean-up is refused" error="delete /lock/`, `level=DEBUG msg="trying again"`,
		} {
			if !strings.Contains(text.String(), part) {
				t.Errorf("not told: %s", part)
			}
		}
		if t.Failed() {
			t.Log(text.String())
		}
		if _, err := json.Marshal(cl.Stats()); err != nil {
			t.Error(err)
		}
	})
}
