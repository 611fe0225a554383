package zkconn

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
)

// Pushing never waits, and a slow reader gets everything in order.
func TestQueueKeepsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newEventQueue()
		for i := range 1000 {
			q.push(zk.Event{State: zk.State(i)})
		}
		for i := range 1000 {
			if i%100 == 0 {
				time.Sleep(time.Second)
			}
			if e := <-q.out; e.State != zk.State(i) {
				t.Fatalf("event %d is %d", i, e.State)
			}
		}
		q.close()
		if e, ok := <-q.out; ok {
			t.Errorf("one more: %v", e)
		}
	})
}

// A queue ends even if nobody reads its events, and accepts none afterwards.
func TestQueueEndsWithoutReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newEventQueue()
		q.push(zk.Event{})
		q.push(zk.Event{})
		synctest.Wait()
		q.close()
		q.close()
		synctest.Wait()
		q.push(zk.Event{})
		if _, ok := <-q.out; ok {
			t.Error("an event after the end")
		}
	})
}

// The servers are tried in order, and each failed round is followed by a retry.
func TestInOrder(t *testing.T) {
	p := &inOrder{servers: []string{"a", "b"}}
	if err := p.Init([]string{"shuffled"}); err != nil || p.Len() != 2 {
		t.Fatalf("%v, %d servers", err, p.Len())
	}
	next := func(want string, wantRetry bool) {
		t.Helper()
		if got, retry := p.Next(); got != want || retry != wantRetry {
			t.Errorf("%s, %v; want %s, %v", got, retry, want, wantRetry)
		}
	}
	next("a", false)
	next("b", false)
	next("a", true)
	p.Connected()
	next("b", false)
	next("a", false)
	next("b", true)
}
