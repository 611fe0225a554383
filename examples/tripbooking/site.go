package main

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

// serve votes on each trip, and records each decision. Only one process at a time acts as the site;
// another one with the same name waits.
func serve(ctx context.Context, p *program.Program, name string) error {
	lock := recipes.NewLock(p.Client, p.Path+"/sites/"+name)
	defer p.Close(lock)
	for {
		p.Say("waits to be the site %s", name)
		err := lock.Do(ctx, func(ctx context.Context) error { return site{p, name, nil}.serve(ctx) })
		switch {
		case ctx.Err() != nil:
			p.Say("serves no more")
			return nil
		case errors.Is(err, recipes.ErrLost):
			p.Say("is the site no more: %v", err)
		case err != nil:
			return err
		}
	}
}

// site is a site. Everything that it has to remember is in ZooKeeper: its votes, and the decisions.
type site struct {
	*program.Program
	name  string
	trips *recipes.Cache
}

func (s site) serve(ctx context.Context) error {
	s.trips = recipes.NewCache(s.Client, tripsOf(s.Program))
	defer s.Close(s.trips)
	if err := s.trips.Current(ctx); err != nil {
		return err
	}
	s.Say("is the site %s", s.name)
	for change, err := range s.trips.Changes(ctx) {
		if err != nil {
			return err
		}
		if path.Base(change.Path) != "sites" || change.Was != nil { // not a new trip
			continue
		}
		if err := s.decide(ctx, path.Base(path.Dir(change.Path)), string(change.Is.Data)); err != nil {
			return err
		}
	}
	return nil
}

// decide votes, unless the trip is not for this site, and follows the trip in the background. Once it has
// voted yes, the site keeps a seat until it knows the outcome, even if its process dies meanwhile.
func (s site) decide(ctx context.Context, trip, asked string) error {
	if !strings.Contains("\n"+asked+"\n", "\n"+s.name+"\n") {
		return nil
	}
	commit := commitOf(s.Program, trip)
	if err := s.vote(ctx, commit, trip); err != nil {
		return err
	}
	go s.follow(ctx, commit, trip)
	return nil
}

// vote votes on a trip on which this site has not voted yet, unless it is decided.
func (s site) vote(ctx context.Context, commit *recipes.TwoPhaseCommit, trip string) error {
	if s.knows(trip) {
		return nil
	}
	if err := s.trips.Sync(ctx); err != nil || s.knows(trip) {
		return err
	}
	taken := s.taken()
	yes := taken < *seats
	err := again(ctx, func() error { return commit.Vote(ctx, s.name, yes) })
	if err == nil {
		s.Say("%s: voted %s, %d of %d seats were taken", trip, map[bool]string{true: "yes", false: "no"}[yes], taken, *seats)
	}
	return err
}

// knows reports whether this site has voted on a trip, perhaps by an earlier process, or the trip is decided.
func (s site) knows(trip string) bool {
	_, voted := s.read(trip, "vote-"+s.name)
	_, decided := s.read(trip, "outcome")
	return voted || decided
}

// taken counts the seats of trips that are booked or may still be booked.
func (s site) taken() (n int) {
	trips, _ := s.trips.Children(tripsOf(s.Program))
	for _, trip := range trips {
		vote, _ := s.read(trip, "vote-"+s.name)
		outcome, _ := s.read(trip, "outcome")
		if vote == "yes" && outcome != "abort" {
			n++
		}
	}
	return n
}

// read reads a znode of a trip from the copy.
func (s site) read(trip, name string) (data string, found bool) {
	z, found := s.trips.Get(tripsOf(s.Program) + "/" + trip + "/" + name)
	return string(z.Data), found
}

// follow prints the outcome of a trip. If all sites have voted, it may be this one that decides.
func (s site) follow(ctx context.Context, commit *recipes.TwoPhaseCommit, trip string) {
	defer s.Close(commit)
	var booked bool
	err := again(ctx, func() (err error) { booked, err = commit.Outcome(ctx); return err })
	switch {
	case err == nil:
		s.Say("%s is %s", trip, word(booked))
	case ctx.Err() == nil:
		s.Say("%s: the outcome is not known: %v", trip, err)
	}
}
