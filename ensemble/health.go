package ensemble

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// ErrNotHealthy is the error for an ensemble that is not healthy. The message around it
// names the servers and their problems.
var ErrNotHealthy = errors.New("ensemble is not healthy")

// Health describes a healthy ensemble, as a check saw it.
type Health struct {
	Leader  int            // the id of the leader; 0 if that cannot be known
	Servers []ServerHealth // by id
	Took    time.Duration  // duration of the check, without the wait for health
}

// ServerHealth is one server of a healthy ensemble.
type ServerHealth struct {
	ID     int
	Addr   string
	Status Status
}

// healthTimeout bounds one check when the caller's context does not do so
// earlier. A healthy ensemble takes some tens of milliseconds.
const healthTimeout = 10 * time.Second

// CheckHealth checks an ensemble once, from outside. Every server must serve, and exactly
// one must lead, as far as they tell. A write through each server is read through every
// other, after a sync, so that a follower that lags is not reported as broken. It leaves no
// znode behind. If something is wrong, it returns an [ErrNotHealthy] that describes it for
// people.
func CheckHealth(ctx context.Context, e Ensemble) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	start := time.Now()
	h, err := CheckRoles(ctx, e.Servers())
	if err == nil {
		err = checkWrites(ctx, e)
	}
	if err != nil {
		return Health{}, fmt.Errorf("%w: %w", ErrNotHealthy, err)
	}
	h.Took = time.Since(start)
	return h, nil
}

// WaitHealthy checks again and again until the ensemble is healthy or bound has passed;
// then it returns the error of the last check.
func WaitHealthy(ctx context.Context, e Ensemble, bound time.Duration) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var last error // the error of a check that was not cut short says more
	check := func() (Health, error) {
		h, err := CheckHealth(ctx, e)
		if err != nil && (last == nil || ctx.Err() == nil) {
			last = err
		}
		return h, err
	}
	pause := &backoff.ExponentialBackOff{ // not randomized: no other client waits for the same servers
		InitialInterval: 50 * time.Millisecond,
		Multiplier:      1.5,
		MaxInterval:     time.Second,
	}
	h, err := backoff.Retry(ctx, check, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil:
		return h, nil
	case last == nil:
		return Health{}, err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Health{}, fmt.Errorf("after %v: %w", bound, last)
	default:
		return Health{}, last
	}
}

// Under returns the ensemble for [CheckHealth] and [WaitHealthy] with another place for
// their writes: below folder, which must exist, and not below the root.
func Under(e Ensemble, folder string) Ensemble { return under{e, folder} }

type under struct {
	Ensemble
	folder string
}

func folderOf(e Ensemble) string {
	if u, ok := e.(under); ok {
		return u.folder
	}
	return ""
}

// CheckRoles asks every server for its role, once, and changes nothing. All must serve, and
// one must lead, as far as they tell. The error is for people. It wraps [ErrNotServing] or
// [ErrNoLeader] for a problem that may pass.
func CheckRoles(ctx context.Context, servers []Server) (Health, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*askTimeout, errNoAnswer)
	defer cancel()
	answers := collect(askAll(ctx, servers), len(servers))

	var wrong []error
	var leaders []answer
	untold := false
	h := Health{}
	for _, a := range answers {
		switch {
		case errors.Is(a.err, ErrNotServing):
			wrong = append(wrong, wrongWith(a.server, "serves nobody: %w", errElecting))
		case a.err != nil:
			wrong = append(wrong, wrongWith(a.server, "does not answer: %w", a.err))
		case a.status.Role == Standalone && len(servers) > 1:
			wrong = append(wrong, wrongWith(a.server, "is standalone: it knows nothing of the others"))
		case a.leads():
			leaders = append(leaders, a)
		}
		untold = untold || a.status.Role == Untold
		h.Servers = append(h.Servers, ServerHealth{a.server.ID(), a.server.Addr(), a.status})
	}
	if len(leaders) == 0 && len(wrong) == 0 && !untold {
		wrong = append(wrong, ErrNoLeader)
	}
	if len(leaders) > 1 {
		wrong = append(wrong, severalLead(leaders))
	}
	if len(wrong) > 0 {
		return Health{}, list(wrong)
	}
	if len(leaders) == 1 {
		h.Leader = leaders[0].server.ID()
	}
	return h, nil
}

// errElecting wraps ErrNotServing with a message for people.
var errElecting error = electing{}

type electing struct{}

func (electing) Error() string        { return "it has no majority, or is still electing" }
func (electing) Is(target error) bool { return target == ErrNotServing }

// collect receives n answers and orders them by server.
func collect(answers <-chan answer, n int) []answer {
	all := make([]answer, 0, n)
	for range n {
		all = append(all, <-answers)
	}
	slices.SortFunc(all, func(a, b answer) int { return a.server.ID() - b.server.ID() })
	return all
}

// ErrSeveralLead means that more than one server says that it leads. A leader that was deposed during a pause
// still says so for up to a second after it resumes.
var ErrSeveralLead = errors.New("several servers say that they lead")

// errSeveralLead wraps ErrSeveralLead for messages that name the servers first.
var errSeveralLead error = severalLeaders{}

type severalLeaders struct{}

func (severalLeaders) Error() string        { return "" }
func (severalLeaders) Is(target error) bool { return target == ErrSeveralLead }

func severalLead(leaders []answer) error {
	var who []string
	for _, a := range leaders {
		who = append(who, fmt.Sprintf("%d (epoch %d)", a.server.ID(), a.status.Epoch()))
	}
	return fmt.Errorf("servers %s all say that they lead%w", strings.Join(who, " and "), errSeveralLead)
}

// wrongWith returns an error that names the server it is about.
func wrongWith(s Server, format string, args ...any) error {
	return fmt.Errorf("server %d at %s "+format, append([]any{s.ID(), s.Addr()}, args...)...)
}

// list joins errors on one line.
func list(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return errList(errs)
}

type errList []error

func (e errList) Error() string {
	var texts []string
	for _, err := range e {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

func (e errList) Unwrap() []error { return e }
