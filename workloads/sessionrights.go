package workloads

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-zookeeper/zk"
)

// This file is about access control lists ("Programmer's Guide, ZooKeeper access control
// using ACLs"). On some znodes everyone has all permissions but one, and the keeper has
// all. Every second client is the keeper. Of the others, every second one is a stranger, which no
// list names.

const (
	keeper, stranger = "keeper", "stranger"
	password         = "zklab"
)

// The znodes on which only the keeper has one of the permissions, and one on which only the
// keeper has any.
const (
	readPart   = "/xr"
	writePart  = "/xw"
	createPart = "/xc"
	deletePart = "/xd"
	adminPart  = "/xa"
	hostPart   = "/xi" // all permissions belong to a nonexistent host, and to the keeper
)

// nowhere is an address for documentation (RFC 5737), which no client has.
const nowhere = "192.0.2.1"

// kept lists the permissions that only the keeper has, by znode.
var kept = []struct {
	part  string
	right int32
}{
	{readPart, zk.PermRead}, {writePart, zk.PermWrite}, {createPart, zk.PermCreate}, {deletePart, zk.PermDelete}, {adminPart, zk.PermAdmin},
}

// restricted yields the znodes with restricted permissions, and their ACLs.
func restricted() iter.Seq2[string, []zk.ACL] {
	return func(yield func(string, []zk.ACL) bool) {
		for _, k := range kept {
			if !yield(k.part, keptList(k.right)) {
				return
			}
		}
		yield(hostPart, append(zk.DigestACL(zk.PermAll, keeper, password), zk.ACL{Perms: zk.PermAll, Scheme: "ip", ID: nowhere}))
	}
}

// keptList returns the ACL that gives everyone all permissions but one, and the keeper all.
func keptList(right int32) []zk.ACL {
	return append(zk.DigestACL(zk.PermAll, keeper, password), zk.WorldACL(zk.PermAll&^right)...)
}

// authenticate authenticates the clients to the servers.
func (r *sessionRun) authenticate(ctx context.Context) error {
	for _, c := range r.env.Clients {
		user := keeper
		switch c.ID % 4 {
		case 0:
			continue
		case 2:
			user = stranger
		}
		err := retry(ctx, r.env.Bound, func() error {
			_, err := within(ctx, r.env.Bound, func() (struct{}, error) {
				return struct{}{}, c.Conn.AddAuth("digest", []byte(user+":"+password))
			})
			return err
		})
		if err != nil {
			return fmt.Errorf("client %d: say that it is %s: %w", c.ID, user, err)
		}
	}
	return nil
}

// rights makes requests that only the keeper may make, alone or in a multi.
func (s *sessionClient) rights(folder, _ string) []request {
	const any = -1
	data := s.data()
	switch s.rng.IntN(8) {
	case 0:
		return []request{get(folder + readPart), children(folder + readPart), exists(folder + readPart)}
	case 1:
		return []request{s.set(folder+writePart, any), get(folder + writePart)}
	case 2:
		path := fmt.Sprintf("%s/c%d", folder+createPart, s.ID)
		return []request{s.create(path, zk.FlagEphemeral), remove(path, any), children(folder + createPart)}
	case 3:
		return []request{remove(folder+deletePart+"/nothing", any)}
	case 4:
		return []request{setACL(folder+adminPart, keptList(zk.PermAdmin))}
	case 5:
		return []request{get(folder + hostPart), s.set(folder+hostPart, any), exists(folder + hostPart)}
	case 6:
		return []request{multi(&zk.SetDataRequest{Path: folder + firstPart, Data: data, Version: any}, &zk.SetDataRequest{Path: folder + writePart, Data: data, Version: any})}
	}
	return []request{multi(&zk.CheckVersionRequest{Path: folder + readPart, Version: any})}
}

func setACL(path string, acl []zk.ACL) request {
	return func(conn *zk.Conn) error { _, err := conn.SetACL(path, acl, -1); return err }
}
