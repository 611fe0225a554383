package shell

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/quota"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the commands for quotas. A quota is two znodes in a format that servers read.

func (s *Shell) quotaGet(ctx context.Context, args []string) error {
	path, err := s.here(args)
	if err == nil {
		err = s.reachesQuotas()
	}
	if err != nil {
		return err
	}
	return s.listQuotas(ctx, path)
}

func bindQuotaSet(f *pflag.FlagSet) run {
	limits := limitFlags(f)
	return func(s *Shell, ctx context.Context, args []string) error {
		change, err := limits()
		if err == nil && len(change) == 0 {
			err = usagef("quota set: give at least one of --count, --bytes, --hard-count and --hard-bytes")
		}
		if err != nil {
			return err
		}
		path, err := s.quotaPath(args[0])
		if err != nil {
			return err
		}
		return s.setQuota(ctx, path, change)
	}
}

func bindQuotaRm(f *pflag.FlagSet) run {
	var which []string
	for _, l := range limitNames {
		of := l.name
		f.BoolFuncP(l.flag, l.letter, l.usage, func(string) error { which = append(which, of); return nil })
	}
	return func(s *Shell, ctx context.Context, args []string) error {
		path, err := s.quotaPath(args[0])
		if err != nil {
			return err
		}
		return s.removeQuota(ctx, path, which)
	}
}

// limitNames has the names of the limits as flags and in the znode. The letters are those of zkCli.
var limitNames = []limitName{
	{"count", "n", quota.Count, "soft limit for the number of znodes"},
	{"bytes", "b", quota.Bytes, "soft limit for bytes of data"},
	{"hard-count", "N", quota.HardCount, "hard limit for the number of znodes"},
	{"hard-bytes", "B", quota.HardBytes, "hard limit for bytes of data"},
}

type limitName struct{ flag, letter, name, usage string }

// limitFlags declares the flags of limits, and returns a function that reads them, by the names of
// the limits in the znode.
func limitFlags(f *pflag.FlagSet) func() (map[string]int64, error) {
	values := make(map[string]*int64)
	for _, l := range limitNames {
		values[l.flag] = f.Int64P(l.flag, l.letter, quota.None, l.usage)
	}
	return func() (map[string]int64, error) {
		change := make(map[string]int64)
		for _, l := range limitNames {
			if !f.Changed(l.flag) {
				continue
			}
			if *values[l.flag] < 0 {
				return nil, usagef("quota set --%s: a limit must not be negative; quota rm --%s removes it", l.flag, l.flag)
			}
			change[l.name] = *values[l.flag]
		}
		return change, nil
	}
}

// reachesQuotas returns an error if the chroot hides the znodes of quotas.
func (s *Shell) reachesQuotas() error {
	if chroot := s.Client.Chroot(); chroot != "" {
		return usagef("quotas are stored in %s, which the chroot %s hides: start the shell without a chroot", quota.Root, quote(chroot))
	}
	return nil
}

// quotaPath returns the path that an argument names. It returns an error if the znode cannot have a
// quota.
func (s *Shell) quotaPath(arg string) (string, error) {
	path, err := s.at(arg)
	switch {
	case err != nil:
		return "", err
	case path == "/":
		return "", usagef("quota: the root cannot have a quota: name a znode below it")
	case within(path, serversOwn):
		return "", usagef("quota: znodes in %s cannot have a quota", serversOwn)
	}
	return path, s.reachesQuotas()
}

func limitsOf(path string) string {
	return quota.Root + strings.TrimSuffix(path, "/") + "/" + quota.Limits
}

func countsOf(path string) string {
	return quota.Root + strings.TrimSuffix(path, "/") + "/" + quota.Counts
}

// quotaResult is the quota of a znode. A missing limit is nil.
type quotaResult struct {
	Path      string `json:"path"`
	Count     *int64 `json:"count,omitempty"`
	Bytes     *int64 `json:"bytes,omitempty"`
	HardCount *int64 `json:"hard_count,omitempty"`
	HardBytes *int64 `json:"hard_bytes,omitempty"`
	// UsedCount and UsedBytes are the servers' counts; nil if there are none.
	UsedCount *int64 `json:"used_count,omitempty"`
	UsedBytes *int64 `json:"used_bytes,omitempty"`
}

type quotaList struct {
	Quotas []quotaResult `json:"quotas"`
}

func (r quotaList) text(p *page) {
	for _, q := range r.Quotas {
		p.printf("%s\n", legible(q.Path))
		q.row(p, "znodes", q.UsedCount, q.Count, q.HardCount)
		q.row(p, "bytes", q.UsedBytes, q.Bytes, q.HardBytes)
	}
}

// row prints the use and the limits.
func (quotaResult) row(p *page, of string, used, soft, hard *int64) {
	number := func(n *int64, none string) string {
		if n == nil {
			return none
		}
		return fmt.Sprint(*n)
	}
	p.printf("  %-6s %s, soft limit %s, hard limit %s", of, number(used, "not counted"), number(soft, "none"), number(hard, "none"))
	for _, limit := range []*int64{soft, hard} {
		if used != nil && limit != nil && *used > *limit {
			p.printf(": exceeded")
			break
		}
	}
	p.printf("\n")
}

func limit(n quota.Numbers, name string) *int64 {
	v := n.Of(name)
	if v < 0 {
		return nil
	}
	return &v
}

// readQuota reads the quota of a znode. It returns NoNode if there is none.
func (s *Shell) readQuota(ctx context.Context, path string) (r quotaResult, err error) {
	limits, _, err := s.numbers(ctx, limitsOf(path))
	if err != nil {
		return r, err
	}
	r = quotaResult{
		Path: path, Count: limit(limits, quota.Count), Bytes: limit(limits, quota.Bytes),
		HardCount: limit(limits, quota.HardCount), HardBytes: limit(limits, quota.HardBytes),
	}
	counts, _, err := s.numbers(ctx, countsOf(path))
	if missing(err) {
		return r, nil
	}
	r.UsedCount, r.UsedBytes = limit(counts, quota.Count), limit(counts, quota.Bytes)
	return r, err
}

func (s *Shell) numbers(ctx context.Context, path string) (quota.Numbers, int32, error) {
	data, stat, err := s.Client.Get(ctx, path, false)
	if err != nil {
		return nil, 0, did("read", path, err)
	}
	n, ok := quota.Parse(data)
	if !ok {
		return nil, 0, codedError{Conflict, fmt.Sprintf("%s: not a quota: %s: servers cannot read it, either", quote(path), legible(string(data)))}
	}
	return n, stat.Version, nil
}

// listQuotas prints the quotas of a path, above it and below it.
func (s *Shell) listQuotas(ctx context.Context, path string) error {
	paths, err := s.quotasAround(ctx, path)
	if err != nil {
		return err
	}
	r := quotaList{Quotas: []quotaResult{}}
	for _, path := range paths {
		q, err := s.readQuota(ctx, path)
		if missing(err) {
			continue // another client removed it meanwhile
		}
		if err != nil {
			return err
		}
		r.Quotas = append(r.Quotas, q)
	}
	if len(r.Quotas) == 0 {
		return &explained{"quota get " + quote(path) + ": there is no quota on it, above it or below it", wire.NoNode}
	}
	return s.emit(r)
}

// quotasAround returns the paths with a quota: the path itself, those above and those below it.
func (s *Shell) quotasAround(ctx context.Context, path string) (paths []string, err error) {
	for i := 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		_, err := s.Client.Exists(ctx, limitsOf(path[:i]), false)
		if err == nil {
			paths = append(paths, path[:i])
		} else if !missing(err) {
			return nil, did("read", limitsOf(path[:i]), err)
		}
	}
	nodes, err := s.gather(ctx, strings.TrimSuffix(quota.Root+path, "/"), -1)
	if missing(err) {
		return paths, nil
	}
	for _, n := range nodes {
		if n.name() == quota.Limits {
			paths = append(paths, strings.TrimSuffix(strings.TrimPrefix(n.path, quota.Root), "/"+quota.Limits))
		}
	}
	return paths, err
}

func (s *Shell) setQuota(ctx context.Context, path string, change map[string]int64) error {
	if _, err := s.Client.Exists(ctx, path, false); err != nil {
		return did("quota set", path, err)
	}
	others, err := s.quotasAround(ctx, path)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other != path {
			return &explained{fmt.Sprintf("quota set %s: %s has a quota, and servers do not count nested quotas", quote(path), quote(other)), wire.NodeExists}
		}
	}
	limits, version, err := s.numbers(ctx, limitsOf(path))
	switch {
	case missing(err):
		limits = quota.Numbers{quota.Count: quota.None, quota.Bytes: quota.None}
		version = anyVersion
	case err != nil:
		return err
	}
	maps.Copy(limits, change)
	if len(others) > 0 {
		_, err = s.Client.Set(ctx, limitsOf(path), limits.Data(), version)
		err = did("set", limitsOf(path), err)
	} else {
		err = s.newQuota(ctx, path, limits)
	}
	if err != nil {
		return err
	}
	q, err := s.readQuota(ctx, path)
	if err != nil {
		return err
	}
	return s.emit(quietQuota{q})
}

// newQuota creates the znodes of a quota. It creates the counts after the limits, because a server
// counts existing znodes when the counts are created.
func (s *Shell) newQuota(ctx context.Context, path string, limits quota.Numbers) error {
	if err := s.parents(ctx, limitsOf(path)); err != nil {
		return err
	}
	none := quota.Numbers{quota.Count: 0, quota.Bytes: 0}
	ops := []wire.MultiOp{client.CreateOp(limitsOf(path), limits.Data(), nil, wire.Persistent, 0)}
	// An earlier removal that failed halfway may have left counts behind.
	switch _, err := s.Client.Exists(ctx, countsOf(path), false); {
	case err == nil:
		ops = append(ops, wire.MultiOp{Op: wire.Delete, Request: &wire.VersionRequest{Path: countsOf(path), Version: anyVersion}})
	case !missing(err):
		return did("read", countsOf(path), err)
	}
	return s.transact(ctx, append(ops, client.CreateOp(countsOf(path), none.Data(), nil, wire.Persistent, 0)))
}

type quietQuota struct{ quotaResult }

func (quietQuota) text(*page) {}

// removeQuota removes limits, and the whole quota if no limit remains.
func (s *Shell) removeQuota(ctx context.Context, path string, which []string) error {
	limits, version, err := s.numbers(ctx, limitsOf(path))
	if missing(err) {
		return &explained{"quota rm " + quote(path) + ": it has no quota", err}
	}
	if err != nil && len(which) > 0 {
		return err
	}
	for _, name := range which {
		limits[name] = quota.None
	}
	limited := slices.ContainsFunc(limitNames, func(l limitName) bool { return limits.Of(l.name) >= 0 })
	switch {
	case len(which) == 0:
		return s.removeWholeQuota(ctx, path, anyVersion)
	case !limited:
		return s.removeWholeQuota(ctx, path, version)
	}
	if _, err := s.Client.Set(ctx, limitsOf(path), limits.Data(), version); err != nil {
		return did("set", limitsOf(path), err)
	}
	q, err := s.readQuota(ctx, path)
	if err != nil {
		return err
	}
	return s.emit(quietQuota{q})
}

// removeWholeQuota removes both znodes of a quota, and those above them that no other quota needs.
// It returns an error if the limits have another version.
func (s *Shell) removeWholeQuota(ctx context.Context, path string, version int32) error {
	if err := s.Client.Delete(ctx, limitsOf(path), version); err != nil && !missing(err) {
		return did("rm", limitsOf(path), err)
	}
	if err := s.Client.Delete(ctx, countsOf(path), anyVersion); err != nil && !missing(err) {
		return did("rm", countsOf(path), err)
	}
	for ; path != ""; path = path[:strings.LastIndexByte(path, '/')] {
		err := s.Client.Delete(ctx, quota.Root+path, anyVersion)
		if errors.Is(err, wire.NotEmpty) {
			break
		}
		if err != nil && !missing(err) {
			return did("rm", quota.Root+path, err)
		}
	}
	return nil
}
