package sample

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// quiet begins a run without faults. stream distinguishes its random draws and its sessions.
func quiet(m *models.Model, clients, parties int, seed, stream uint64) (*simulation, history.Header) {
	s := &simulation{cfg: Lock{Clients: clients, Seed: seed}, rnd: rand.New(rand.NewPCG(seed, stream))}
	for c := range clients {
		s.process = append(s.process, history.Process(c))
		s.session = append(s.session, history.ID(stream<<44+uint64(c)))
	}
	header := s.header()
	header.Model, header.Params.Parties = m.Name, parties
	s.fact(0, history.FBegin, header)
	s.fact(begin, history.FPhase, history.Phase{Name: history.PhaseLoad})
	return s, header
}

// under finishes the record, and gives it a header.
func (s *simulation) under(header history.Header) *history.History {
	h := s.finish()
	h.Header = header
	return h
}

// Queue makes up a run of two queues, with two producers and two consumers.
func Queue(length time.Duration, seed uint64) *history.History {
	s, header := quiet(models.Queue, 4, 0, seed, 2)
	waiting := map[string][]string{}
	n := 0
	for t := begin; t < begin+length; t += time.Duration(5+s.rnd.IntN(10)) * ms {
		key := fmt.Sprintf("q%d", s.rnd.IntN(2))
		back := t + time.Duration(1+s.rnd.IntN(4))*ms
		if len(waiting[key]) > 0 && s.rnd.IntN(100) < 48 {
			consumer := 2 + s.rnd.IntN(2)
			s.op(t, consumer, history.Invoke, models.FDequeue, key, nil)
			s.op(back, consumer, history.OK, models.FDequeue, key, models.Item{Item: waiting[key][0]})
			waiting[key] = waiting[key][1:]
			continue
		}
		n++
		item := fmt.Sprintf("i%d", n)
		producer := s.rnd.IntN(2)
		s.op(t, producer, history.Invoke, models.FEnqueue, key, models.Item{Item: item})
		if n%97 == 0 {
			s.gaveUp(back, producer, models.FEnqueue, key, "connection-loss")
			continue
		}
		s.op(back, producer, history.OK, models.FEnqueue, key, nil)
		waiting[key] = append(waiting[key], item)
	}
	s.fact(begin+length+second, history.FEnd, nil)
	return s.under(header)
}

// DoubleBarrier makes up rounds of a double barrier of three.
func DoubleBarrier(rounds int, seed uint64) *history.History {
	s, header := quiet(models.DoubleBarrier, 3, 3, seed, 3)
	t := begin
	for r := range rounds {
		key := fmt.Sprintf("r%d", r)
		t = s.together(t, models.FEnter, key)
		t = s.together(t+20*ms, models.FLeave, key)
	}
	s.fact(t+second, history.FEnd, nil)
	return s.under(header)
}

// together lets all clients begin at different times and return together.
func (s *simulation) together(t time.Duration, f, key string) time.Duration {
	last := t
	for c := range s.cfg.Clients {
		at := t + time.Duration(s.rnd.IntN(30))*ms
		s.op(at, c, history.Invoke, f, key, nil)
		last = max(last, at)
	}
	for c := range s.cfg.Clients {
		s.op(last+time.Duration(2+c)*ms, c, history.OK, f, key, nil)
	}
	return last + 10*ms
}

// Barrier makes up rounds of a barrier with one coordinator and three waiters.
func Barrier(rounds int, seed uint64) *history.History {
	s, header := quiet(models.Barrier, 4, 0, seed, 4)
	t := begin
	for r := range rounds {
		key := fmt.Sprintf("r%d", r)
		s.op(t, 0, history.Invoke, models.FRaise, key, nil)
		s.op(t+3*ms, 0, history.OK, models.FRaise, key, nil)
		for c := 1; c < 4; c++ {
			s.op(t+time.Duration(5+c)*ms, c, history.Invoke, models.FAwait, key, nil)
			s.op(t+time.Duration(60+c)*ms, c, history.OK, models.FAwait, key, nil)
		}
		s.op(t+50*ms, 0, history.Invoke, models.FLift, key, nil)
		s.op(t+54*ms, 0, history.OK, models.FLift, key, nil)
		t += 100 * ms
	}
	s.fact(t+second, history.FEnd, nil)
	return s.under(header)
}
