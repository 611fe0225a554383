package shell

import (
	"context"
	"crypto/sha1" // ZooKeeper's hash of passwords
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-zookeeper/zk"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the commands for permissions and authentication.

func (s *Shell) aclGet(ctx context.Context, args []string) error {
	path, err := s.at(args[0])
	if err != nil {
		return err
	}
	acl, stat, err := s.Client.ACL(ctx, path)
	if err != nil {
		return did("acl get", path, err)
	}
	return s.emit(aclOf(path, acl, stat.Aversion))
}

func bindACLSet(f *pflag.FlagSet) run {
	recursive := f.BoolP("recursive", "R", false, "also write the permissions of all znodes below")
	version := versionFlag(f, "write only if the permissions have this version")
	return func(s *Shell, ctx context.Context, args []string) error {
		path, err := s.at(args[0])
		if err != nil {
			return err
		}
		acl, err := parseACL(args[1])
		if err != nil {
			return err
		}
		return s.setACL(ctx, path, acl, *version, *recursive)
	}
}

func (s *Shell) auth(ctx context.Context, args []string) error {
	err := s.Client.AddAuth(ctx, client.Credential{Scheme: args[0], Auth: []byte(args[1])})
	if err != nil {
		return explain("auth "+quote(args[0]), err)
	}
	return nil
}

func (s *Shell) whoami(ctx context.Context, _ []string) error {
	infos, err := s.Client.WhoAmI(ctx)
	if err != nil {
		return explain("whoami", err)
	}
	r := whoResult{Session: sessionName(s.Client.Session().ID)}
	for _, i := range infos {
		r.Identities = append(r.Identities, identity{i.AuthScheme, i.User})
	}
	return s.emit(r)
}

type identity struct {
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
}

type whoResult struct {
	Session    string     `json:"session"`
	Identities []identity `json:"identities"`
}

func (r whoResult) text(p *page) {
	p.printf("session %s\n", r.Session)
	for _, i := range r.Identities {
		p.printf("%s:%s\n", legible(i.Scheme), legible(i.ID))
	}
}

type aclResult struct {
	Path     string       `json:"path"`
	Aversion int32        `json:"aversion"`
	ACL      []permission `json:"acl"`
}

type permission struct {
	identity
	Permissions string `json:"permissions"`
}

func aclOf(path string, acl []wire.ACL, aversion int32) aclResult {
	r := aclResult{Path: path, Aversion: aversion, ACL: []permission{}}
	for _, a := range acl {
		r.ACL = append(r.ACL, permission{identity{a.ID.Scheme, a.ID.ID}, a.Perms.Letters()})
	}
	return r
}

func (r aclResult) text(p *page) {
	for _, a := range r.ACL {
		p.printf("%s:%s:%s\n", legible(a.Scheme), legible(a.ID), a.Permissions)
	}
}

// parseACL reads scheme:id:permissions, separated by commas. An id may have colons.
func parseACL(text string) (all []wire.ACL, err error) {
	for entry := range strings.SplitSeq(text, ",") {
		scheme, rest, ok := strings.Cut(entry, ":")
		last := strings.LastIndexByte(rest, ':')
		if !ok || last < 0 || scheme == "" {
			return nil, usagef("invalid permission %s: write scheme:id:cdrwa, such as world:anyone:r", quote(entry))
		}
		granted, err := parsePerms(rest[last+1:])
		if err != nil {
			return nil, err
		}
		if scheme == digest {
			if err := checkHash(rest[:last]); err != nil {
				return nil, err
			}
		}
		all = append(all, wire.ACL{Perms: granted, ID: wire.ID{Scheme: scheme, ID: rest[:last]}})
	}
	return all, nil
}

// digest is the scheme of users with passwords.
const digest = "digest"

// checkHash returns an error for an id of the scheme digest that no client could ever have. It does not repeat the id,
// which may have a password in it.
func checkHash(id string) error {
	user, hash, ok := strings.Cut(id, ":")
	if sum, err := base64.StdEncoding.DecodeString(hash); !ok || user == "" || err != nil || len(sum) != sha1.Size {
		return usagef("digest:user:hash takes the hash of a password, not the password: acl hash USER:PASSWORD prints it; " +
			"auth: stands for the identities of this session")
	}
	return nil
}

func (s *Shell) aclHash(_ context.Context, args []string) error {
	user, password, ok := strings.Cut(args[0], ":")
	if !ok || user == "" || password == "" {
		return usagef("acl hash: write USER:PASSWORD")
	}
	id := zk.DigestACL(zk.PermAll, user, password)[0]
	return s.emit(hashResult{identity{id.Scheme, id.ID}})
}

type hashResult struct{ identity }

func (r hashResult) text(p *page) { p.printf("%s:%s\n", r.Scheme, legible(r.ID)) }

func parsePerms(text string) (all wire.Perm, err error) {
	for _, letter := range []byte(text) {
		perm, ok := wire.PermOf(letter)
		if !ok {
			return 0, usagef("invalid permissions %s: write some of the letters cdrwa", quote(text))
		}
		all |= perm
	}
	return all, nil
}

func (s *Shell) setACL(ctx context.Context, path string, acl []wire.ACL, version int32, recursive bool) error {
	if !recursive {
		stat, err := s.Client.SetACL(ctx, path, acl, version)
		if err != nil {
			return did("acl set", path, err)
		}
		return s.emit(quiet{statOf(path, stat)})
	}
	if version != anyVersion {
		return usagef("acl set: --version applies to one znode: leave out --recursive")
	}
	all, err := s.gather(ctx, path, -1)
	if err != nil {
		return err
	}
	if s.Ask != nil && len(all) > 1 {
		ok, err := s.Ask(fmt.Sprintf("write the permissions of %s and %d znodes below it?", quote(path), len(all)-1))
		if err != nil || !ok {
			return err
		}
	}
	err = each(ctx, all, func(ctx context.Context, n node) error {
		_, err := s.Client.SetACL(ctx, n.path, acl, anyVersion)
		if errors.Is(err, wire.NoNode) {
			return nil // another client deleted it meanwhile
		}
		return did("acl set", n.path, err)
	})
	if err != nil {
		return err
	}
	return s.emit(quietCount{path, len(all)})
}

// quietCount is a number of znodes that is printed as JSON only.
type quietCount struct {
	Path   string `json:"path"`
	Znodes int    `json:"znodes"`
}

func (quietCount) text(*page) {}
