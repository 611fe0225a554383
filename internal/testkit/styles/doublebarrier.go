package styles

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// doubleBarrier has a mark, an ephemeral znode, for each member that is there. A member that finds a
// mark of each party makes a roll, a znode with the names of these marks, by a multi that checks that
// they exist. Members whose marks are on a roll are in, and stay until no mark on any roll exists.
type doubleBarrier struct {
	base
	parties int
	cleans  bool   // marks of the seat's last process are removed
	mark    string // the name of the mark; "" if there is none
	in      *session
}

// newCheckedDoubleBarrier uses the client's connection.
func newCheckedDoubleBarrier(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	return &doubleBarrier{base: at(c, path, borrowed), parties: parties}, nil
}

// newSeatDoubleBarrier has a connection of its own, and removes the marks that the last process of its seat
// left.
func newSeatDoubleBarrier(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	return &doubleBarrier{base: at(c, path, apart), parties: parties, cleans: true}, nil
}

const (
	member = "member-"
	roll   = "roll-"
)

func (b *doubleBarrier) Enter(ctx context.Context) error {
	_, err := within(ctx, &b.base, func() (struct{}, error) {
		for {
			err := b.enter(ctx)
			if err == nil || ctx.Err() != nil {
				return struct{}{}, err
			}
		}
	}, func(struct{}) { b.forget() })
	return err
}

// forget deletes the mark.
func (b *doubleBarrier) forget() {
	if b.mark != "" {
		b.life.drop(b.in, b.path+"/"+b.mark)
		b.mark = ""
	}
}

// enter makes one attempt, in one session. After an error there is no mark.
func (b *doubleBarrier) enter(ctx context.Context) error {
	s, err := b.session(ctx)
	if err != nil {
		return err
	}
	if err = b.begin(s); err != nil {
		return errors.Join(err, pause(ctx, again))
	}
	for s.live() && ctx.Err() == nil {
		if b.called(s) {
			return nil
		}
		_ = pause(ctx, 10*time.Millisecond)
	}
	b.forget()
	return errors.Join(errGone, ctx.Err())
}

// begin makes the mark.
func (b *doubleBarrier) begin(s *session) error {
	if err := b.folder(s); err != nil {
		return err
	}
	if b.cleans {
		if err := b.cleanUp(s); err != nil {
			return err
		}
		b.cleans = false
	}
	mark := member + b.life.name(s)
	if _, err := b.life.plant(s, b.path+"/"+mark, nil); err != nil {
		return err
	}
	b.mark, b.in = mark, s
	return nil
}

func (b *doubleBarrier) cleanUp(s *session) error {
	if err := s.fence(); err != nil {
		return err
	}
	children, err := s.children(b.path)
	for _, child := range children {
		if name, is := strings.CutPrefix(child, member); is && b.life.ofSeat(name) {
			if err := s.remove(b.path + "/" + child); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
	}
	return err
}

// called reports whether the mark is on a roll, and makes a roll if all parties are there.
func (b *doubleBarrier) called(s *session) bool {
	marks, rolls, err := b.look(s)
	if err != nil {
		return false
	}
	for _, names := range rolls {
		if slices.Contains(names, b.mark) {
			return true
		}
	}
	var names []string
	var ops []any
	for _, name := range b.oneEach(marks) {
		names = append(names, name)
		ops = append(ops, &zk.CheckVersionRequest{Path: b.path + "/" + name, Version: -1})
	}
	if len(names) < b.parties {
		return false
	}
	slices.Sort(names)
	ops = append(ops, &zk.CreateRequest{
		Path: b.path + "/" + roll + b.life.name(s), Data: []byte(strings.Join(names, "\n")), Acl: everyone,
	})
	_, err = s.multi(ops...)
	return err == nil // otherwise the next look shows whether it was made
}

// oneEach returns a mark for each client: for the client itself its own mark, for each other client the
// latest one.
func (b *doubleBarrier) oneEach(marks []contender) map[string]string {
	of := map[string]string{}
	for _, m := range marks { // in the order in which they came
		client, _, _ := seatOf(strings.TrimPrefix(m.name, member))
		if of[client] != b.mark {
			of[client] = m.name
		}
	}
	return of
}

// look returns the marks, in the order in which they came, and the rolls, both of one moment. Marks that are
// deleted during the look are missing.
func (b *doubleBarrier) look(s *session) (marks []contender, rolls [][]string, err error) {
	children, err := s.children(b.path)
	for _, child := range children {
		name, isMark := strings.CutPrefix(child, member)
		_, isRoll := strings.CutPrefix(child, roll)
		if !isMark && !isRoll {
			continue
		}
		data, st, err := s.get(b.path + "/" + child)
		switch {
		case errors.Is(err, zk.ErrNoNode):
		case err != nil:
			return nil, nil, err
		case isRoll:
			rolls = append(rolls, strings.Split(string(data), "\n"))
		case isOfSession(name, st.EphemeralOwner):
			marks = append(marks, contender{name: child, czxid: st.Czxid})
		}
	}
	slices.SortFunc(marks, func(a, b contender) int { return int(a.czxid - b.czxid) })
	return marks, rolls, err
}

func (b *doubleBarrier) Leave(ctx context.Context) error {
	return b.do(ctx, func() error {
		b.forget()
		var fencedIn *session
		return b.until(ctx, 10*time.Millisecond, func(s *session) (bool, error) {
			if fencedIn != s {
				if err := s.fence(); err != nil {
					return false, err
				}
				fencedIn = s
			}
			marks, rolls, err := b.look(s)
			if err != nil {
				return false, err
			}
			for _, m := range marks {
				for _, names := range rolls {
					if slices.Contains(names, m.name) {
						return false, nil
					}
				}
			}
			return true, nil
		})
	})
}
