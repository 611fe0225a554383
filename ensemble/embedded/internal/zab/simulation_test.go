package zab

import (
	"fmt"
	"strings"
	"testing"
)

// seeds is how many runs the ordinary test makes. A hundred times as many would take ten minutes.
const seeds = 300

func TestSimulation(t *testing.T) {
	var sum coverage
	for seed := range uint64(seeds) {
		s := newSim(seed, nil)
		if err := s.play(); err != nil {
			replay(t, newSim(seed, nil))
			t.Fatalf("seed %d: %v", seed, err)
		}
		sum.add(s.used)
	}
	t.Logf("%+v", sum)
	if sum.Diffs == 0 || sum.Truncs == 0 || sum.Snaps == 0 || sum.Deposed == 0 || sum.Elections < seeds {
		t.Error("the simulation does not reach what it is for")
	}
}

// Servers that lose their power, one or all at once, keep what was forced, and of the rest some, all or nothing. Servers
// that acknowledge before they force lose nothing while only their processes die.
func TestSimulationOfPowerLosses(t *testing.T) {
	for name, tt := range map[string]struct {
		plant func(*sim)
		lose  bool
	}{
		"right servers lose power": {func(s *sim) { s.power = true }, true},
		"hasty servers are killed": {(*sim).hasten, false},
	} {
		t.Run(name, func(t *testing.T) {
			var sum coverage
			for seed := range uint64(seeds / 3) {
				s := newSim(seed, nil)
				tt.plant(s)
				if err := s.play(); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				sum.add(s.used)
			}
			t.Logf("%+v", sum)
			if lost := sum.Lost > 0 && sum.Lost < sum.Unforced; lost != tt.lose {
				t.Errorf("lost are %d of %d that were not forced", sum.Lost, sum.Unforced)
			}
		})
	}
}

// hasten has the servers acknowledge before they force.
func (s *sim) hasten() {
	for _, v := range s.servers {
		v.disk.Hasty = v.files == nil
	}
}

// replay plays a run again and shows how it ended.
func replay(t *testing.T, s *sim) {
	var lines []string
	s.trace = func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	_ = s.play()
	t.Log(strings.Join(lines[max(0, len(lines)-100):], "\n"))
}

// TestSimulationCatches plants defects around the nodes, in disks and network, and fails unless the
// judge notices them.
func TestSimulationCatches(t *testing.T) {
	tests := map[string]func(*sim){
		"a disk that says durable too early": func(s *sim) {
			s.onCall = func(d *Disk) { d.durable = d.LastZxid() }
			s.onCrash = func(d *Disk) {
				if len(d.writes) > 0 {
					d.durable = d.zxidBefore(max(0, d.index(d.writes[0].zxid)-1))
				}
			}
		},
		"a disk that forgets the accepted epoch": func(s *sim) {
			s.onCrash = func(d *Disk) { d.accepted = 0 }
		},
		"a disk that forgets the current epoch": func(s *sim) {
			s.onCrash = func(d *Disk) { d.current = 0 }
		},
		"a disk that loses the end of its log": func(s *sim) {
			s.onCrash = func(d *Disk) { d.durable = d.zxidBefore(max(0, len(d.log)-1)) }
		},
		"disks that acknowledge before they force, and lose power": func(s *sim) {
			s.hasten()
			s.power = true
		},
		"a network that loses a proposal": func(s *sim) {
			s.onSend = func(m *Message) bool { return m.Kind != Propose || m.Entry.Zxid%1000 != 7 }
		},
		"a network that loses commits": func(s *sim) {
			s.onSend = func(m *Message) bool { return m.Kind != Commit }
		},
		"followers that claim the longest log": func(s *sim) {
			s.onSend = func(m *Message) bool {
				if m.Kind == AckLeader || m.Kind == Ack {
					m.Zxid = s.servers[m.To-1].disk.LastZxid()
				}
				return true
			}
		},
		"elections and discovery without zxids": func(s *sim) {
			s.onSend = func(m *Message) bool {
				if m.Kind == AckEpoch && m.Epoch > 0 {
					m.Epoch = 0
				}
				return true
			}
		},
	}
	for _, what := range []string{"append", "cut", "epochs", "replace"} {
		tests["files that do not "+what] = func(s *sim) {
			for _, v := range s.servers {
				if v.files != nil {
					v.files.lose = what
				}
			}
		}
	}
	for name, plant := range tests {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(2000) {
				s := newSim(seed, nil)
				plant(s)
				if err := s.play(); err != nil {
					t.Logf("seed %d: %v", seed, err)
					return
				}
			}
			t.Error("nobody noticed")
		})
	}
}

// BenchmarkPropose measures a proposal's way through three servers, without a network.
func BenchmarkPropose(b *testing.B) {
	s := newSim(1, &plan{voters: 3, tick: 1e9, initLimit: 10, syncLimit: 5, proposeEvery: 1e9, latency: 1000})
	s.quiet = true
	for _, v := range s.servers {
		v.start()
	}
	s.run(s.now.Add(s.plan.tick))
	net := &direct{nodes: make(map[int]*Node)}
	for _, v := range s.servers {
		net.nodes[v.id] = v.node
		v.node.app = net
		v.disk.Keep = 1000
	}
	leader := s.servers[2].node
	var data any = 1
	make := func(int64) any { return data }
	b.ReportAllocs()
	for b.Loop() {
		leader.Propose(make)
		net.deliver()
	}
	if got := leader.LastCommitted(); counterOf(got) < int64(b.N) {
		b.Fatalf("committed up to %#x of %d", got, b.N)
	}
}

// direct is an App, and the network of all servers without delay.
type direct struct {
	nodes map[int]*Node
	queue []Message
}

func (d *direct) deliver() {
	for len(d.queue) > 0 {
		for i := 0; i < len(d.queue); i++ {
			m := d.queue[i]
			d.nodes[m.To].Step(epochStart, m)
		}
		d.queue = d.queue[:0]
		for _, n := range d.nodes {
			n.Tick(epochStart)
		}
	}
}

func (d *direct) Send(m Message)         { d.queue = append(d.queue, m) }
func (d *direct) Install(State, int64)   {}
func (d *direct) Commit(Entry)           {}
func (d *direct) Serve(Role, int, int64) {}
func (d *direct) Suspend()               {}
func (d *direct) Receive(int, any)       {}
func (d *direct) Beat() any              { return nil }
