package shell

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/tools/control"
	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// rows describes each command, with each of its flags, on any servers: the name of a command leads to a
// script for bench.script. Each script begins with an empty tree. Add a row for each new command.
var rows = map[string]row{
	"ls": {script: `
		ls
		= 
		create /a one; create /a/c; create -e /a/b
		ls
		= a\n
		ls /a
		= b\nc\n
		ls -l /a
		> ^0 +0 +0 +[-0-9]+ [:0-9]+Z +0x[0-9a-f]+ +b$
		> ^0 +0 +0 +[-0-9]+ [:0-9]+Z +- +c$
		ls --long /a/c
		= 
		ls -R
		= /\n/a\n/a/b\n/a/c\n
		ls --recursive /a
		= /a\n/a/b\n/a/c\n
		ls -R /none
		1 no such znode
		ls -lR /a
		64 leave out -l
		ls /none
		1 read /none: no such znode
	`},
	"cd": {script: `
		create -p /a/b
		cd /a
		ls
		= b\n
		cd b
		pwd
		= /a/b\n
		cd ..
		pwd
		= /a\n
		cd /none
		1 cd /none: no such znode
		pwd
		= /a\n
		cd
		pwd
		= /\n
	`},
	"pwd": {script: `
		pwd
		= /\n
		pwd x
		64 pwd takes no argument
	`},
	"tree": {script: `
		create -p /a/b/c; create -e /a/mine
		tree
		= /\n└── a\n    ├── b\n    │   └── c\n    └── mine (ephemeral)\n
		tree -L 1 /a
		= /a\n├── b\n└── mine (ephemeral)\n
		tree --depth 0 /a
		= /a\n
		tree /none
		1 no such znode
	`},
	"cat": {script: `
		create /a one; create /b {"x":1}
		cat /a
		= one
		cat /a /b
		= one{"x":1}
		cat --raw /b
		= {"x":1}
		cat /a /none
		1 cat /none: no such znode
	`},
	"stat": {script: `
		create /a one; set /a two; create /a/b; create -e /mine
		stat /a
		> ^  version +1 \(children 1, acl 0\)$
		> ^  bytes +3$
		> ^  created +[-0-9]+ [:.0-9]+Z, zxid 0x[0-9a-f]+$
		stat /mine
		> ^  owner +0x[0-9a-f]+$
		stat /a /none
		1 stat /none: no such znode
	`},
	"create": {script: `
		create /a one
		= /a\n
		create /a
		2 create /a: it exists already
		create /b/c
		1 create /b/c: its parent does not exist: -p creates it
		create -p /b/c/d deep
		= /b/c/d\n
		create --parents --ephemeral /b/mine
		create /b/mine/x
		2 it is ephemeral and cannot have children
		create -s /b/n- x
		> ^/b/n-000000000[0-9]$
		create --sequential --ephemeral /b/
		> ^/b/000000000[0-9]$
		create -c /box
		create --container /box2
		create -t 1h /later
		4 the server does not support this request
		create --ttl -1s /later
		64 1ms or more
		create --acl world:anyone:r /open x
		create /open/x
		4 its permissions do not allow it
		create --acl nonsense:x:r /closed
		4 the server rejects these permissions
		create "with a space" '{"a": 1}'
		= /with a space\n
		cat "with a space"
		= {"a": 1}
		create "/a\x01b"
		64 create "/a\x01b"
		create "/\xff"
		64 create "/\xff"
		create "/a\x00"
		64 a name cannot contain a zero byte
		create /a//b
		= /a/b\n
		create /été ü
		= /été\n
		create -e -c /x
		64 exclude each other
	`},
	"set": {script: `
		create /a one
		set /a two
		= 
		cat /a
		= two
		set -v 1 /a three
		set --version 1 /a four
		2 set /a: it has another version
		set /a "\xff\x00"
		cat /a
		= ` + "\xff\x00" + `
		set /a ''
		cat /a
		= 
		set /none x
		1 set /none: no such znode
		set /a
		64 set takes 2 arguments, got 1: set [flags] PATH DATA|-
	`},
	"rm": {script: `
		create -p /a/b/c; create /d; set /d x
		rm /a
		2 rm /a: it has children: rm -r also removes them
		rm -v 0 /d
		2 it has another version
		rm -v -5 /d
		64 expected a whole number from 0
		rm --version 1 /d
		rm -r /a
		ls
		= 
		create -p /a/b; create -p /c/d
		rm --recursive --yes /a /c
		ls
		= 
		rm -r -y /a
		1 no such znode
		rm -r -v 1 /a
		64 --version applies to one znode
		rm /
		64 the root cannot be removed
	`},
	"check": {script: `
		create /a
		check /a 0
		64 check works only in a multi
		multi; check /a 0; set /a x; end
		multi; check /a 0; set /a y; end
		2 multi, nothing was done: operation 1, check /a: it has another version
		multi; check /none 0; end
		1 operation 1, check /none: no such znode
		cat /a
		= x
	`},
	"cp": {script: `
		create -p /a/b two; set /a one; create -e /a/mine; create /c
		cp /a /copy
		cat /copy
		= one
		ls /copy
		= 
		cp -r /a /deep
		= left out 1 ephemeral znodes\n
		cat /deep/b
		= two
		cp --recursive /a /deep
		2 create /deep: it exists already
		cp -r /a /a/b
		64 is /a or below it
		cp --jute-maxbuffer 1000000 --no-acl /a /free
		cat /free
		= one
		cp /a/mine /x
		4 it is ephemeral
		cp /none /x
		1 no such znode
	`},
	"mv": {script: `
		create -p /a/b two
		mv /a /c
		cat /c/b
		= two
		ls
		= c\n
		create /d
		mv /c /d
		2 operation 1, create /d: it exists already
		mv /c /none/x
		1 no such znode
		create -e /c/mine
		mv /c /e
		4 mv /c/mine: it is ephemeral
	`},
	"edit": {script: `
		create /a one
		edit /a
		cat /a
		= edited
		edit /a
		= /a is unchanged\n
		edit /none
		1 edit /none: no such znode
	`},
	"export": {script: `
		create /a one; create -e /a/mine
		export /a DIR/x.json
		= 2 znodes, 1 of them ephemeral\n
		export --no-acl --yes /a DIR/x.json
		= 2 znodes, 1 of them ephemeral\n
		export /none DIR/y.json
		1 no such znode
	`},
	"import": {script: `
		create /a one; create /a/b two; create -e /a/mine
		export /a DIR/folder/
		import --dry-run DIR/folder/ /c
		> ^would create 2 znodes,
		import --jute-maxbuffer 1000000 --no-acl DIR/folder/ /c
		> ^created 2 znodes,
		import --ephemerals --yes DIR/folder/ /c
		> ^created 1 znodes,
		import DIR/folder/ /d/e
		1
		import --parents DIR/folder/ /d/e
		> ^created 2 znodes,
		create /s; create --ephemeral --sequential /s/lock-; create --sequential /s/x-; export /s DIR/s.json
		import DIR/s.json /t
		> warning: the next sequential znode below /t has a number that may have been given before the export$
		import DIR/s.json /t
		= created 0 znodes, wrote the data of 0 and the permissions of 0; 2 were the same already\nleft out 1 ephemeral znodes\n
		diff /a /d/e
		=
	`},
	"diff": {script: `
		create -p /a/b x; create -p /c/b y; create -e /c/mine
		diff /a /c
		1
		diff --no-acl --ephemerals /a /a
		=
		diff /a DIR/none.json
		3 none.json
	`},
	"find": {script: `
		create /f; create /f/old 12345; create -e /f/mine; create /f/old/new-1 1
		find
		= /\n/f\n/f/mine\n/f/old\n/f/old/new-1\n
		find /f --name 'new-*'
		= /f/old/new-1\n
		find /f --owner any
		= /f/mine\n
		find /f --owner 0x1
		= 
		find /f --newer 10m --larger 1 --smaller 6
		= /f/old\n
		find /f --older 10m
		= 
		find /f --leaf
		= /f/mine\n/f/old/new-1\n
		find /f --owner nobody
		64 invalid session
		find /none
		1 no such znode
	`},
	"grep": {script: `
		create /f; create /f/a "one\nneedle two\n"; create /f/b NEEDLE
		grep needle
		= /f/a:2:needle two\n
		grep -i needle /f
		= /f/a:2:needle two\n/f/b:1:NEEDLE\n
		grep --ignore-case --files-with-matches needle /f
		= /f/a\n/f/b\n
		grep -l one
		= /f/a\n
		grep nothing
		1 
		grep (
		64 missing closing
	`},
	"du": {script: `
		create /f 12345; create /f/a 678; create /g
		du
		> ^8 +2 +/f$
		> ^0 +1 +/g$
		> ^[0-9]+ +4 +/$
		du -s /f
		> \A.*\n8 +2 +/f\n\z
		du --summarize /none
		1 no such znode
	`},
	"count": {script: `
		create -p /f/a/b
		count /f
		= 2\n
		count
		= 3\n
		count /none
		1 no such znode
	`},
	"watch": {script: `
		create /a; create /c; create /d; create /e; create /f
		meanwhile set /a x
		watch /a
		> \AnodeDataChanged /a zxid 0x[0-9a-f]+\n\z
		meanwhile create /b; rm /b
		watch /b
		> \Anode(Created|Deleted) /b zxid
		meanwhile create -s /a/n-; set /f x
		watch /f
		> \AnodeDataChanged /f zxid 0x[0-9a-f]+\n\z
		meanwhile set /c x
		watch -p -n 2 /c
		> \A(nodeDataChanged /c zxid 0x[0-9a-f]+\n){2}\z
		unwatch /c
		1 no such watch
		meanwhile create -s /d/n-
		watch --recursive --count 1 /d
		> ^nodeCreated /d/n-[0-9]+ zxid
		meanwhile set /e x
		watch --persistent -n 1 /e
	`},
	"unwatch": {follow: true, script: `
		create /a
		watch /a
		unwatch /a
		unwatch /a
		1 unwatch /a: no such watch
		watch -r /a
		unwatch /a
	`},
	"acl get": {script: `
		create /a; create --acl world:anyone:rc,digest:joe:AAAAAAAAAAAAAAAAAAAAAAAAAAA=:a /b
		acl get /a
		= world:anyone:cdrwa\n
		acl get /b
		= world:anyone:cr\ndigest:joe:x:a\n
		acl get /none
		1 no such znode
	`},
	"acl hash": {script: `
		acl hash me:secret
		> ^digest:me:.{28}$
		acl hash me
		64 write USER:PASSWORD
		create /a x
		acl set /a digest:super:D/InIHSb7yEEbrWz8b9l71RjZJU=:r
		acl hash super:test
		= digest:super:D/InIHSb7yEEbrWz8b9l71RjZJU=\n
		cat /a
		4 cat /a
		auth digest super:test
		cat /a
		= x
	`},
	"acl set": {script: `
		create -p /a/b
		acl set /a nonsense
		64 invalid permission
		acl set /a world:anyone:x
		64 the letters cdrwa
		acl set /a auth::cdrwa
		4 the server rejects these permissions
		acl set /a world:anyone:r,digest:me:secret:cdrwa
		64 digest:user:hash takes the hash of a password, not the password: acl hash USER:PASSWORD prints it
		acl set /a digest:me:cdrwa
		64 takes the hash
		create --acl digest:me:secret:r /c
		64 takes the hash
		acl set -v 0 /a world:anyone:cra
		acl get /a
		= world:anyone:cra\n
		acl set --version 0 /a world:anyone:cdrwa
		2 it has another version
		auth digest me:secret
		acl set -R /a auth::cdrwa
		acl get /a/b
		> ^digest:me:[^:]+:cdrwa$
		acl set --recursive /none world:anyone:r
		1 no such znode
		acl set -R -v 0 /a world:anyone:r
		64 --version applies to one znode
		somebody else
		acl set /a world:anyone:cdrwa
		4 acl set /a: its permissions do not allow it: authenticate with auth
		acl set -R /a world:anyone:cdrwa
		4 its permissions do not allow it
		cat /a/b
		4 cat /a/b: its permissions do not allow it
		ls /a
		4 its permissions do not allow it
		ls
		= a\n
		tree
		= /\n└── a (not readable)\n
		find
		= /\n/a\n
		cp -r /a /copy
		4 /a
		rm -r /a
		4 /a
		auth digest me:wrong
		cat /a/b
		4 its permissions do not allow it
		auth digest me:secret
		cat /a/b
		= 
	`},
	"auth": {script: `
		auth digest me:secret
		= 
		whoami
		> ^digest:me$
		auth nonsense x
		4 auth nonsense: the server rejects this credential
		auth digest
		64 auth takes 2 arguments
	`},
	"whoami": {script: `
		whoami
		> \Asession 0x[0-9a-f]+\nip:[0-9.]+\n\z
		auth digest me:secret; auth digest me:other; auth digest joe:x
		whoami
		> ^digest:me$
		> ^digest:joe$
	`},
	"multi": {script: `
		create /a one
		multi; check /a 0; create -s /n- x; set /a two; rm /a; end
		> \A/n-000000000[0-9]\n\z
		ls
		> \An-
		multi; create /x; create /x/y; rm /x; end
		2 multi, nothing was done: operation 3, rm /x: it has children
		ls /x
		1 
		multi; ls; abort
		64 ls does not work in a multi
		create --help
		> \Acreate \[flags\] PATH
		abort
	`},
	"end": {script: `
		end
		64 end: no multi has begun
		multi
		end
		= 
	`},
	"abort": {script: `
		abort
		64 abort: no multi has begun
		multi; create /x; abort
		ls
		= 
	`},
	"sync": {script: `
		sync
		= 
		create /a
		sync /a
		= 
	`},
	"quota get": {whole: true, script: `
		create ROOT/a 12345
		quota get ROOT/a
		1 no quota
	`},
	"quota set": {whole: true, script: `
		create ROOT/a 12345
		quota set --count 3 --bytes 100 --hard-count 9 --hard-bytes 1000 ROOT/a
		quota get ROOT/a
		> ^  znodes 1, soft limit 3, hard limit 9$
		> ^  bytes  5, soft limit 100, hard limit 1000$
		quota set --count 1 ROOT/none
		1 no such znode
		quota rm ROOT/a
	`},
	"quota rm": {whole: true, script: `
		create ROOT/a; quota set -n 3 ROOT/a
		quota rm --count --bytes --hard-count --hard-bytes ROOT/a
		quota get ROOT/a
		1 no quota
		quota set -n 3 -b 4 ROOT/a
		quota rm -n ROOT/a
		quota get ROOT/a
		> ^  bytes  0, soft limit 4, hard limit none$
		quota rm ROOT/a
		quota rm ROOT/a
		1 no quota
	`},
	"who": {whole: true, script: `
		create -e ROOT/mine
		who
		> \(this shell\)
		> ^0x[0-9a-f]+ ROOT/mine$
	`},
	"srvr": {script: `
		srvr
		> ^Mode: (leader|follower)$
		srvr nowhere
		64 write host:port
		srvr 127.0.0.1:0
		3 srvr 127.0.0.1:0: 
	`},
	"mntr": {script: `
		mntr
		> ^zk_znode_count\t[0-9]+$
		mntr 127.0.0.1:0
		3 mntr 127.0.0.1:0: 
	`},
	"kill": {lab: true, script: `
		create /a x
		kill 1
		> \Aserver 1 at 127.0.0.1:[0-9]+: down \(was (leader|follower)\)\n\z
		cat /a
		= x
		kill nobody
		64 nobody
		start 1
	`},
	"pause": {lab: true, script: `
		create /a x
		pause 2
		> \Aserver 2 at .* paused
		cat /a
		= x
		resume 2
	`},
	"resume": {lab: true, script: `
		resume all
		> (?s)server 1.*server 2.*server 3
		resume 4
		64 4
	`},
	"stop": {lab: true, script: `
		stop 3
		> \Aserver 3 at .*down
		start 3
		> \Aserver 3 at 
	`},
	"start": {lab: true, script: `
		start all
		> (?s)server 1.*server 2.*server 3
		start x
		64 x
	`},
	"servers": {lab: true, script: `
		servers
		> (?s)server 1.*server 2.*server 3
	`},
	"partition": {lab: true, script: `
		create /a x
		partition 1
		= 
		cat /a
		= x
		partition 4
		64 no server 4: the servers are 1 to 3
		heal
	`},
	"heal": {lab: true, script: `
		heal
		= 
	`},
	"expire": {lab: true, script: `
		create -e /mine
		expire 0x1
		3 there is no such session
		expire me
		64 invalid session
		expire
		over
		ls
		3 the session has expired
		somebody else
		ls
		= 
	`},
	"help": {script: `
		help
		> ^ls \[flags\] \[PATH\] +list the children of a znode$
		help acl
		> ^acl get PATH$
		> ^acl set \[flags\] PATH
		help acl set
		> --recursive
		ls --help
		> --long
		help nonsense
		64 there is no command nonsense
	`},
	"exit": {script: `
		exit
		3 exit
	`},
}

// row describes what a command has to do.
type row struct {
	script string
	follow bool // the script does not wait for watches
	lab    bool // the command is for servers of an ensemble that the shell started
	whole  bool // the script needs the whole tree, and writes ROOT for its own znode
}

// Every command has a row that runs it, with each of its flags.
func TestEveryCommandHasARow(t *testing.T) {
	run := make(map[string]bool)
	for name, r := range rows {
		if !slices.ContainsFunc(commands, func(c *command) bool { return c.name == name }) {
			t.Errorf("there is no command %s", name)
		}
		for line := range strings.Lines(r.script) {
			flagsUsed(strings.TrimSpace(line), func(what string) { run[name+": "+what] = true })
		}
	}
	for _, c := range commands {
		if !run[c.name+": "+c.name] {
			t.Errorf("no row runs %s", c.name)
		}
		f, _ := c.flags()
		f.VisitAll(func(f *pflag.Flag) {
			if !run[c.name+": "+c.name+" --"+f.Name] {
				t.Errorf("no row of %s runs it with --%s", c.name, f.Name)
			}
		})
	}
}

// flagsUsed calls tell with the commands and flags of a line of a script.
func flagsUsed(line string, tell func(string)) {
	all, err := statements(line)
	if err != nil {
		return // on purpose
	}
	for _, words := range all {
		c, args, err := lookup(texts(words))
		if err != nil {
			continue // what a command is to print, or on purpose
		}
		f, _ := c.flags()
		if f.Parse(args) == nil {
			tell(c.name)
			f.Visit(func(f *pflag.Flag) { tell(c.name + " --" + f.Name) })
		}
	}
}

// The rows hold on embedded servers.
func TestCommands(t *testing.T) {
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := must.Get(embedded.Start(embedded.Config{InMemory: true, Latency: time.Millisecond, NoTTL: true}))(t)
				defer e.Close()
				r.hold(t, e, e, e.Dial)
			})
		})
	}
}

// hold runs the script of a row below a znode of its own. DIR in the script stands for a folder, and
// the editor writes "edited".
func (r row) hold(t *testing.T, e ensemble.Ensemble, p ensemble.Partitioner, dial ensemble.DialFunc) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	b := &bench{T: t, ctx: ctx, dial: dial}
	for _, s := range e.Servers() {
		b.addrs = append(b.addrs, s.Addr())
	}
	root := "/" + strings.ReplaceAll(fmt.Sprintf("row %s %d", t.Name(), time.Now().UnixNano()), "/", "-")
	if r.whole {
		root = strings.ReplaceAll(root, " ", "-")
	}
	if _, _, err := b.client().Create(ctx, root, nil, nil, wire.Persistent, 0); err != nil {
		t.Fatal(err)
	}
	if !r.whole {
		b.chroot = root
	}
	b.Shell = &Shell{Client: b.client(), Dial: dial, Out: &b.out, Follow: r.follow}
	if r.lab {
		b.Lab = &Lab{lab{e, p, b}, control.New(e)}
	}
	b.Editor = func(_ context.Context, file string) error { return os.WriteFile(file, []byte("edited"), 0o600) }
	b.script(strings.NewReplacer("ROOT", root, "DIR", t.TempDir()).Replace(r.script))
}

// lab is an ensemble that can end the session of its bench, like any client that knows the password.
type lab struct {
	ensemble.Ensemble
	ensemble.Partitioner
	b *bench
}

func (l lab) ExpireSession(ctx context.Context, id int64) error {
	own := l.b.Client.Session()
	if id != own.ID {
		return errors.New("there is no such session")
	}
	// The client reconnects at once, and may resume its session before the request arrives.
	for {
		c, err := zkclient.Connect(ctx, zkclient.Config{Dial: zkclient.To(l.b.dial, l.b.addrs[0]), Session: own})
		if errors.Is(err, wire.ErrRefused) {
			return nil // the request arrived, and its reply was lost
		}
		if err != nil {
			return err
		}
		_, err = c.Do(ctx, wire.CloseSession, nil)
		c.Close()
		if !errors.Is(err, wire.ErrNoReply) {
			return err
		}
	}
}

// meanwhile runs a line again and again in a session of its own, until stop is called.
func (b *bench) meanwhile(line string) (stop func()) {
	ctx, cancel := context.WithCancel(b.ctx)
	other := &Shell{Client: b.client(), Out: new(strings.Builder)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = other.Do(ctx, line) // may fail when the line was run before
		}
	}()
	return func() { cancel(); <-done }
}

func (b *bench) client() *client.Client { return b.below(b.chroot) }

// below returns a session with the chroot.
func (b *bench) below(chroot string) *client.Client {
	b.Helper()
	c, err := client.Connect(b.ctx, client.Config{Servers: b.addrs, Chroot: chroot, Dial: func(ctx context.Context, addr string) (net.Conn, error) {
		return zkclient.To(b.dial, addr)(ctx)
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}
