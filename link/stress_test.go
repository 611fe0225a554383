package link

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Clients connect, resume sessions and write, while the link does everything to them that it can: the
// facts of each session must still make sense.
func TestFactsMakeSenseUnderEveryFaultAtOnce(t *testing.T) {
	count := map[string]int{}
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	for seed := range uint64(seeds) {
		bubble(t, func(t *testing.T, s *scripted, l *Link, r *record) {
			var wg sync.WaitGroup
			for i := range uint64(4) {
				wg.Go(func() { churn(l, rand.New(rand.NewPCG(seed, i))) })
			}
			wg.Go(func() { harass(t, l, rand.New(rand.NewPCG(seed, 99))) })
			wg.Wait()
			l.Close()
			checkFacts(t, s, r, count)
		})
	}
	for _, f := range []string{"connected", "disconnected", "dead", "expired"} {
		if count[f] < 2*seeds {
			t.Errorf("too few were %s: %v", f, count)
		}
	}
}

// churn runs one client, which resumes its session as long as it can.
func churn(l *Link, rng *rand.Rand) {
	var id int64
	for range 30 {
		conn, err := l.Dial("tcp", "a:2181", time.Second)
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		c := &client{Conn: conn}
		id = c.tryConnect(id)
		for id != 0 && rng.IntN(5) > 0 {
			time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
			op := []wire.Op{wire.Create, wire.Exists, wire.CloseSession}[rng.IntN(20)/9]
			if _, err := c.do(op, "/a"); err != nil {
				break
			}
			if op == wire.CloseSession {
				id = 0
			}
		}
		c.Close()
	}
}

// tryConnect returns the session that the server granted, or 0.
func (c *client) tryConnect(id int64) int64 {
	req := wire.ConnectRequest{Timeout: 4 * time.Second, Session: id, Password: password(id)}
	if wire.WriteFrame(c, req.Append(nil)) != nil {
		return id
	}
	body, err := wire.ReadFrame(c, nil, 0)
	if err != nil {
		return id
	}
	res, _ := wire.DecodeConnectResponse(body)
	return res.Session
}

func harass(t *testing.T, l *Link, rng *rand.Rand) {
	for range 100 {
		time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
		switch rng.IntN(6) {
		case 0:
			l.Cut()
		case 1:
			time.AfterFunc(time.Duration(rng.IntN(30))*time.Millisecond, l.Hold())
		case 2:
			l.Lose(Rule{What: What(rng.IntN(2)), Nth: rng.IntN(3)})
		case 3:
			if s, ok := l.Session(); ok {
				l.ExpireSession(t.Context(), s.ID, "b:2181")
			}
		default:
			f := features[rng.IntN(len(features))]
			time.AfterFunc(time.Duration(rng.IntN(300))*time.Millisecond, f.do(l, rng, numberingServers))
		}
	}
}

func checkFacts(t *testing.T, s *scripted, r *record, count map[string]int) {
	t.Helper()
	alive := map[string]bool{}
	for id := range s.sessions {
		alive[history.ID(id).String()] = true
	}
	connected, dead := map[string]bool{}, map[string]bool{}
	for i, fact := range r.facts() {
		f, id, _ := strings.Cut(fact, " ")
		count[f]++
		switch f {
		case "connected":
			if connected[id] || dead[id] {
				t.Fatalf("event %d: %s, connected %v, dead %v", i, fact, connected[id], dead[id])
			}
			connected[id] = true
		case "disconnected":
			if !connected[id] {
				t.Fatalf("event %d: %s, which was not connected", i, fact)
			}
			connected[id] = false
		case "dead":
			if dead[id] || alive[id] {
				t.Fatalf("event %d: %s, dead before %v, alive on the server %v", i, fact, dead[id], alive[id])
			}
			dead[id] = true
		case "expired": // perhaps by a close whose reply nobody received
			if alive[id] {
				t.Fatalf("event %d: %s, which is alive on the server", i, fact)
			}
		}
	}
	for id, still := range connected {
		if still {
			t.Errorf("%s is connected at the end", id)
		}
	}
}
