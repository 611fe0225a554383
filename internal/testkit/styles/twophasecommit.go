package styles

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// transaction is a two-phase commit. Its znode has the names of the sites, and a child "outcome" that
// is created once. ballots says where the votes are.
type transaction struct {
	base
	ballots
}

// ballots are the votes of a transaction.
type ballots interface {
	// open begins the transaction.
	open(s *session, path string, sites []string) error
	// cast returns an error that refused recognizes if it had no effect.
	cast(s *session, path, site string, vote string) error
	// count returns the votes that there are, and the checks that prove that some are missing.
	count(s *session, path string, sites []string) (votes map[string]string, missing []any, err error)
}

// newPolledTransaction creates a znode for each vote, on the client's connection.
func newPolledTransaction(c *subjects.Client, path string) (subjects.Transaction, error) {
	return &transaction{at(c, path, borrowed), createdVotes{}}, nil
}

// newSharedTransaction has a connection for all transactions of a client. One multi creates a znode for
// each site, whose data is then the vote.
func newSharedTransaction(c *subjects.Client, path string) (subjects.Transaction, error) {
	return &transaction{at(c, path, common), writtenVotes{}}, nil
}

const (
	commit = "commit"
	abort  = "abort"
	yes    = "yes"
	no     = "no"
)

var errOther = errors.New("something else was said before")

// once repeats a request that may be done twice, until it succeeds, or a server's refusal is final.
func (t *transaction) once(ctx context.Context, request func(s *session) error) error {
	return t.do(ctx, func() error {
		certain := true
		for {
			s, err := t.session(ctx)
			if err == nil {
				err = request(s)
			}
			switch {
			case err == nil:
				return nil
			case !refused(err) && !errors.Is(err, errOther) && s != nil:
				certain = false
			}
			final := errors.Is(err, zk.ErrNoNode) || errors.Is(err, errOther)
			if final || pause(ctx, again) != nil {
				if certain {
					return subjects.WithoutEffect(err)
				}
				return err
			}
		}
	})
}

func (t *transaction) Prepare(ctx context.Context, sites []string) error {
	return t.once(ctx, func(s *session) error {
		err := t.open(s, t.path, sites)
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		known, err := t.sites(s)
		if err != nil {
			return readFailed(err)
		}
		if !slices.Equal(known, sites) {
			return errOther
		}
		return nil
	})
}

func (t *transaction) sites(s *session) (sites []string, err error) {
	data, _, err := s.get(t.path)
	if err == nil {
		err = json.Unmarshal(data, &sites)
	}
	return sites, err
}

func (t *transaction) Vote(ctx context.Context, site string, can bool) error {
	vote := no
	if can {
		vote = yes
	}
	return t.once(ctx, func(s *session) error { return t.cast(s, t.path, site, vote) })
}

// Outcome implements subjects.Transaction.
func (t *transaction) Outcome(ctx context.Context) (bool, error) {
	return t.await(ctx, func() bool { return false })
}

// Decide implements subjects.Transaction.
func (t *transaction) Decide(ctx context.Context, patience time.Duration) (bool, error) {
	end := time.Now().Add(patience)
	return t.await(ctx, func() bool { return !time.Now().Before(end) })
}

func (t *transaction) await(ctx context.Context, impatient func() bool) (bool, error) {
	return within(ctx, &t.base, func() (committed bool, err error) {
		err = t.until(ctx, 15*time.Millisecond, func(s *session) (bool, error) {
			outcome, err := t.look(ctx, s, impatient())
			committed = outcome == commit
			return err == nil && outcome != "", err
		})
		return committed, err
	}, nil)
}

// look returns the outcome if there is one; otherwise it decides if it can, and returns "".
func (t *transaction) look(ctx context.Context, s *session, impatient bool) (string, error) {
	if impatient { // what is missing has to be missing now
		if err := s.fence(); err != nil {
			return "", err
		}
	}
	outcome := t.path + "/outcome"
	data, _, err := s.get(outcome)
	if err == nil {
		return string(data), nil
	}
	if !errors.Is(err, zk.ErrNoNode) {
		return "", err
	}
	sites, err := t.sites(s)
	if err != nil {
		return "", err
	}
	votes, missing, err := t.count(s, t.path, sites)
	if err != nil || ctx.Err() != nil {
		return "", err
	}
	decision := decide(sites, votes, impatient)
	if decision == "" {
		return "", nil
	}
	ops := []any{&zk.CreateRequest{Path: outcome, Data: []byte(decision), Acl: everyone}}
	if len(votes) < len(sites) && !slices.Contains(votesOf(votes), no) {
		ops = append(missing, ops...)
	}
	_, err = s.multi(ops...)
	if err != nil {
		return "", err // the next look tells
	}
	return decision, nil
}

func votesOf(votes map[string]string) (all []string) {
	for _, vote := range votes {
		all = append(all, vote)
	}
	return all
}

// decide returns "" if a vote is missing that is waited for.
func decide(sites []string, votes map[string]string, impatient bool) string {
	switch {
	case slices.Contains(votesOf(votes), no):
		return abort
	case !slices.ContainsFunc(sites, func(site string) bool { return votes[site] == "" }):
		return commit
	case impatient:
		return abort
	}
	return ""
}

// createdVotes are znodes that are created when a site votes.
type createdVotes struct{}

func (createdVotes) open(s *session, path string, sites []string) error {
	data, err := json.Marshal(sites)
	if err == nil {
		_, err = s.create(path, data, 0)
	}
	return err
}

func (createdVotes) cast(s *session, path, site, vote string) error {
	ballot := path + "/vote-" + site
	_, err := s.create(ballot, []byte(vote), 0)
	if !errors.Is(err, zk.ErrNodeExists) {
		return err
	}
	data, _, err := s.get(ballot)
	if err != nil {
		return readFailed(err)
	}
	if string(data) != vote {
		return errOther
	}
	return nil
}

func (createdVotes) count(s *session, path string, sites []string) (votes map[string]string, _ []any, err error) {
	votes = map[string]string{}
	for _, site := range sites {
		data, _, err := s.get(path + "/vote-" + site)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		votes[site] = string(data)
	}
	return votes, nil, nil
}

// writtenVotes are the data of znodes that exist from the beginning.
type writtenVotes struct{}

func (writtenVotes) open(s *session, path string, sites []string) error {
	data, err := json.Marshal(sites)
	if err != nil {
		return err
	}
	ops := []any{&zk.CreateRequest{Path: path, Data: data, Acl: everyone}}
	for _, site := range sites {
		ops = append(ops, &zk.CreateRequest{Path: path + "/site-" + site, Acl: everyone})
	}
	_, err = s.multi(ops...)
	return err
}

func (writtenVotes) cast(s *session, path, site, vote string) error {
	ballot := path + "/site-" + site
	if err := s.fence(); err != nil {
		return readFailed(err)
	}
	data, st, err := s.get(ballot)
	switch {
	case err != nil:
		return readFailed(err)
	case string(data) == vote:
		return nil
	case len(data) > 0:
		return errOther
	}
	_, err = s.set(ballot, []byte(vote), st.Version)
	return err
}

func (writtenVotes) count(s *session, path string, sites []string) (votes map[string]string, missing []any, err error) {
	votes = map[string]string{}
	for _, site := range sites {
		ballot := path + "/site-" + site
		data, st, err := s.get(ballot)
		if err != nil {
			return nil, nil, err
		}
		if len(data) > 0 {
			votes[site] = string(data)
			continue
		}
		missing = append(missing, &zk.CheckVersionRequest{Path: ballot, Version: st.Version})
	}
	return votes, missing, nil
}
