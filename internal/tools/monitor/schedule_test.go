package monitor

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// page is something to read, by its path.
type page string

func (p page) where() string { return string(p) }
func (page) dropped() bool   { return false }
func (page) asked()          {}

func targets(paths ...string) map[string]*target {
	all := make(map[string]*target)
	for _, path := range paths {
		all[path] = &target{of: page(path)}
	}
	return all
}

// due returns the paths of the reads that would be sent now, and the reads.
func due(s *schedule) (paths []string, jobs []*job) {
	for {
		j, _ := s.next()
		if j == nil {
			return paths, jobs
		}
		paths, jobs = append(paths, j.path), append(jobs, j)
	}
}

// What somebody looks at is read first; the rest as fast as the rate allows.
func TestScheduleReadsTheUrgentFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, all := newSchedule(), targets("/a", "/b", "/c")
		s.want(all["/a"], needStat, false)
		s.want(all["/b"], needKids, true)
		s.want(all["/c"], needStat, false)
		s.over(nil)
		if got, _ := due(s); got != nil {
			t.Errorf("%q are read before there is a watch", got)
		}
		s.start(false)
		if got, _ := due(s); !slices.Equal(got, []string{"/b", "/a", "/c"}) {
			t.Errorf("read in the order %q", got)
		}
		if s.sent != 3 || s.waiting() != 0 {
			t.Errorf("%d sent, %d waiting", s.sent, s.waiting())
		}
	})
}

// A znode that is wanted again is read once more: after its reply, and not before a tenth of a second.
func TestScheduleSpacesTheReadsOfAZnode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := newSchedule(), targets("/a")["/a"]
		s.over(nil)
		s.start(false)
		s.want(a, needStat, true)
		_, jobs := due(s)
		s.want(a, needKids, true)
		if got, _ := due(s); got != nil {
			t.Error("it is read while it is being read")
		}
		if !s.replied(reply{job: jobs[0]}) {
			t.Error("the reply is said to be of no use")
		}
		s.again(a)
		if got, _ := due(s); got != nil {
			t.Error("it is read twice at one moment")
		}
		time.Sleep(readAgain)
		if _, jobs = due(s); len(jobs) != 1 || jobs[0].need != needKids {
			t.Errorf("%d reads, want one of the children", len(jobs))
		}
	})
}

// A read whose reply came over an earlier connection, or which no server answered, is sent again.
func TestScheduleAsksAgain(t *testing.T) {
	for name, c := range map[string]struct {
		between func(*schedule)
		err     error
	}{
		"another connection": {between: func(s *schedule) { s.stop(); s.start(false) }},
		"no answer":          {between: func(*schedule) {}, err: wire.ConnectionLoss},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, a := newSchedule(), targets("/a")["/a"]
				s.over(nil)
				s.start(false)
				s.want(a, needStat, true)
				_, jobs := due(s)
				c.between(s)
				if s.replied(reply{job: jobs[0], err: c.err}) {
					t.Error("the reply is said to be of use")
				}
				time.Sleep(readAgain)
				if _, jobs = due(s); len(jobs) != 1 || jobs[0].need != needStat {
					t.Errorf("%d reads", len(jobs))
				}
			})
		})
	}
}

// A new session does not wait for the replies of the previous one.
func TestScheduleOfAnotherSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := newSchedule(), targets("/a")["/a"]
		s.over(nil)
		s.start(false)
		s.want(a, needStat, true)
		due(s)
		s.stop()
		s.over(nil)
		time.Sleep(readAgain)
		s.want(a, needStat, true)
		s.start(true)
		if _, jobs := due(s); len(jobs) != 1 || !jobs[0].own {
			t.Errorf("%d reads, want one with a watch of its own", len(jobs))
		}
	})
}
