package canary

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/base/prose"
)

const (
	askEvery   = 500 * time.Millisecond
	askTimeout = time.Second
)

// silent is said of a server that does not answer in time, and of one that has ended.
const silent = "does not answer"

// serverState is a server's latest answer.
type serverState struct {
	server ensemble.Server
	asked  bool // it was asked at least once
	role   ensemble.Role
	epoch  int64
	why    string // why it does not serve; "" if it does
	ended  bool   // its port refuses connections
	since  time.Time
}

func (s *serverState) leads() bool {
	return s.why == "" && (s.role == ensemble.Leader || s.role == ensemble.Standalone)
}

// watchServers asks each server again and again until ctx ends. A server that answers no four-letter words is asked
// only once, and its state stays unknown.
func (k *Check) watchServers(ctx context.Context, watched *sync.WaitGroup) {
	for _, s := range k.servers {
		watched.Go(func() {
			for {
				asked, cancel := context.WithTimeout(ctx, askTimeout)
				status, err := s.server.Status(asked)
				cancel()
				if ctx.Err() != nil {
					return
				}
				k.answered(s, status, err)
				if status.Role == ensemble.Untold || await.Sleep(ctx, askEvery) != nil {
					return
				}
			}
		})
	}
}

// answered notes a server's answer, and the events that follow from it.
func (k *Check) answered(s *serverState, status ensemble.Status, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, was, known := time.Now(), s.why, s.asked
	s.asked, s.why, s.ended = true, "", errors.Is(err, syscall.ECONNREFUSED)
	switch {
	case errors.Is(err, ensemble.ErrNotServing):
		s.why = "serves no clients"
	case err != nil:
		s.why = silent
	default:
		s.role, s.epoch = status.Role, status.Epoch()
	}
	id, addr := s.server.ID(), s.server.Addr()
	switch {
	case s.role == ensemble.Untold && !known:
		k.note(Event{At: now, Kind: Untold, Server: id, Text: fmt.Sprintf("server %d at %s answers neither srvr nor stat: whether it leads, or is gone, is not known", id, addr)})
	case was == "" && s.why != "" && known:
		s.since = now
		k.note(Event{At: now, Kind: Gone, Server: id, Text: fmt.Sprintf("server %d at %s %s", id, addr, s.why)})
	case was != "" && s.why == "":
		took := now.Sub(s.since)
		k.note(Event{At: now, Kind: Back, Server: id, Took: took, Text: fmt.Sprintf("server %d at %s serves again, after %s", id, addr, prose.Elapsed(took))})
	}
	k.leads(now)
	k.overdue(now)
}

// leads notes a change of the leader. A paused and deposed leader may claim the role for a while, so the server with
// the latest epoch counts as the leader.
func (k *Check) leads(now time.Time) {
	leader, epoch := 0, int64(-1)
	for _, s := range k.servers {
		if s.leads() && s.epoch > epoch {
			leader, epoch = s.server.ID(), s.epoch
		}
	}
	switch {
	case leader == k.leader:
		k.deposed()
	case leader == 0:
		k.change, k.leader = &FailOver{At: now, From: k.leader}, 0
		k.deposed()
	case k.leader == 0 && k.change == nil: // the first known leader
		k.leader, k.epoch = leader, epoch
	case k.change != nil && !k.change.told && leader == k.change.From && epoch == k.epoch: // it was only silent: each election has a new epoch
		k.change, k.leader = nil, leader
	default:
		f := FailOver{At: now, From: k.leader}
		if k.change != nil {
			k.change.tell(k)
			f = *k.change
		}
		f.To, f.Took, f.Epoch = leader, now.Sub(f.At), epoch
		k.change, k.leader, k.epoch = nil, leader, epoch
		k.failedOver++
		k.failOvers = keep(k.failOvers, f)
		k.note(Event{At: now, Kind: Elected, Server: leader, Took: f.Took, Text: f.leads()})
	}
}

// deposed notes that the leader ceased to lead, once that is certain. A leader that is only silent may go on to lead.
func (k *Check) deposed() {
	if k.change == nil {
		return
	}
	for _, s := range k.servers {
		if own := s.server.ID() == k.change.From; own && (s.why != silent || s.ended) || !own && s.why != "" && s.why != silent {
			k.change.tell(k)
		}
	}
}

// tell notes that the old leader ceased to lead, unless that was noted before.
func (f *FailOver) tell(k *Check) {
	if !f.told {
		f.told = true
		k.note(Event{At: f.At, Kind: Deposed, Server: f.From, Text: fmt.Sprintf("server %d ceased to lead", f.From)})
	}
}

// leads describes which server leads now.
func (f FailOver) leads() string {
	switch {
	case f.To == 0:
		return "none led until the end"
	case f.From == f.To:
		return fmt.Sprintf("server %d led again after %s", f.To, prose.Elapsed(f.Took))
	case f.Took == 0:
		return fmt.Sprintf("server %d led in place of server %d", f.To, f.From)
	}
	return fmt.Sprintf("server %d led after %s", f.To, prose.Elapsed(f.Took))
}
