// Package kafkapid is how brokers of Kafka number producers: a broker takes the next block of numbers by a conditional write,
// and gives them out one by one.
package kafkapid

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "kafkapid",
	Program: "Apache Kafka 2.x, numbers of producers",
	File:    "apache/kafka, core/src/main/scala/kafka/coordinator/transaction/ProducerIdManager.scala",
	Version: "2.x",
	LeftOut: "A block has 3 numbers, not 1000, so that blocks end more often. As in Kafka, a call takes no context: it continues when its caller " +
		"has given up.",
	Promises:    "No number is given out twice.",
	NotPromised: "Numbers need not be in order, and some may be missing.",
	AsIs:        managers(New),
	Wrong: &entry.Wrong{
		Mistake: entry.BeforeItsTime,
		Happens: "The broker records the next block as its own before it writes the claim. The write fails, because the session has ended. The next " +
			"call finds a block that is not used up, and gives out its numbers. Another broker claims the same block, and gives out the same " +
			"numbers.",
		Breaks: []string{"next-distinct"},
		Fault:  "a session that expires",
		Mend:   "The broker records the block when the write has succeeded. (Later versions of Kafka do that: commit 8cf2b8c7.)",
		Mended: managers(newMended),
	},
}

const blockSize = 3

type block struct {
	Broker     int
	Start, End int64
}

// Manager is the source's ProducerIdManager.
type Manager struct {
	c       *subjects.Client
	path    string
	mended  bool
	current block
	next    int64
	begun   bool
	calls   subjects.Blocking
}

// New returns the manager of a client.
func New(c *subjects.Client, path string) (*Manager, error) {
	return &Manager{c: c, path: path}, port.Ensure(c, path)
}

func newMended(c *subjects.Client, path string) (*Manager, error) {
	m, err := New(c, path)
	m.mended = true
	return m, err
}

// Next is the source's generateProducerId.
func (m *Manager) Next(ctx context.Context) (id int64, err error) {
	got := make(chan int64, 1)
	err = m.calls.Do(ctx, func() error {
		id, err := m.generate(context.Background())
		got <- id
		return err
	}, nil)
	if err == nil {
		id = <-got
	}
	return id, err
}

func (m *Manager) generate(ctx context.Context) (int64, error) {
	if !m.begun {
		if err := m.newBlock(ctx); err != nil {
			return 0, err
		}
		m.begun, m.next = true, m.current.Start
	}
	if m.next > m.current.End {
		if err := m.newBlock(ctx); err != nil {
			return 0, err
		}
		m.next = m.current.Start + 1
	} else {
		m.next++
	}
	return m.next - 1, nil
}

func (m *Manager) newBlock(ctx context.Context) error {
	for {
		h, err := port.Bind(ctx, m.c)
		if err != nil {
			return err
		}
		last, version, err := m.read(h)
		if err != nil {
			return err
		}
		mine := block{m.c.ID, 0, blockSize - 1}
		if last != nil {
			mine = block{m.c.ID, last.End + 1, last.End + blockSize}
		}
		if !m.mended {
			m.current = mine
		}
		data, _ := json.Marshal(mine)
		err = untilConnected(h, func() error { _, err := h.Set(m.path, data, version); return err })
		if errors.Is(err, zk.ErrBadVersion) { // did we write it ourselves?
			if now, _, err := m.read(h); err != nil || now == nil || *now != mine {
				continue
			}
			err = nil
		}
		if err == nil {
			m.current = mine
		}
		return err
	}
}

// read returns the last block; nil if there is none.
func (m *Manager) read(h *port.Handle) (last *block, version int32, err error) {
	var data []byte
	var stat *zk.Stat
	if err = untilConnected(h, func() (err error) { data, stat, err = h.Get(m.path); return err }); err != nil {
		return nil, -1, err
	}
	if len(data) == 0 {
		return nil, stat.Version, nil
	}
	last = new(block)
	return last, stat.Version, json.Unmarshal(data, last)
}

// untilConnected repeats a request that got no answer for as long as its session lasts.
func untilConnected(h *port.Handle, request func() error) error {
	for {
		if err := request(); !port.ConnectionLoss(err) {
			return err
		}
		if !h.Hub.Pause(50 * time.Millisecond) {
			return zk.ErrClosing
		}
	}
}

func managers(construct func(*subjects.Client, string) (*Manager, error)) workloads.Workload {
	next := object.Ask("next", (*Manager).Next)
	return object.Object[*Manager]{
		Name: "producer-id", New: construct,
		Operations: []object.Operation[*Manager]{next},
		Rules:      []object.Rule{object.Distinct(next)},
	}.Workload()
}
