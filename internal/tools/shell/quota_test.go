package shell

import (
	"testing"
)

// Quotas are znodes in the format of ZooKeeper 3.9; servers count the usage.
func TestQuotas(t *testing.T) {
	virtually(t, func(b *bench) {
		b.script(`
			create /a 12345; create /a/b 1; create /a/b/c; create /other
			quota get /a
			1 no quota
			quota set /a
			64 at least one of --count
			quota set -n -5 /a
			64 a limit must not be negative
			quota set -n 3 -b 1000 /a
			cat /zookeeper/quota/a/zookeeper_limits
			= count=3,bytes=1000
			cat /zookeeper/quota/a/zookeeper_stats
			= count=3,bytes=6
			quota get /a
			= /a\n  znodes 3, soft limit 3, hard limit none\n  bytes  6, soft limit 1000, hard limit none\n
			quota set -B 5 -N 100 /a
			cat /zookeeper/quota/a/zookeeper_limits
			= count=3,bytes=1000=;byteHardLimit=5;countHardLimit=100
			create /a/d
			quota get
			= /a\n  znodes 4, soft limit 3, hard limit 100: exceeded\n  bytes  6, soft limit 1000, hard limit 5: exceeded\n
			quota get /a/b
			> ^/a$
			quota set -n 1 /a/b
			2 /a has a quota
			quota rm /a/b
			1 no quota
			quota rm -B -n /a
			cat /zookeeper/quota/a/zookeeper_limits
			= count=-1,bytes=1000=;byteHardLimit=-1;countHardLimit=100
			quota set -n 1 /none
			1 quota set /none
			quota set -n 1 /
			64 the root cannot have a quota
			quota set -n 1 /zookeeper/config
			64 cannot have a quota
			quota rm -b -N /a
			quota get /a
			1 no quota
			ls /zookeeper/quota
			=
			quota set -n 3 /a
			create /a/deep; quota rm /a; quota set -n 7 /a/deep
			quota set -n 7 /a
			2 /a/deep has a quota
			quota get /
			> ^/a/deep$
			quota rm /a/deep
			ls /zookeeper/quota
			=
			quota
			64 write quota get or quota set or quota rm
		`)
		b.script("quota set -n 1 /a; set /zookeeper/quota/a/zookeeper_limits nonsense\nquota get /a\n2 servers cannot read it\nquota rm /a\nls /zookeeper/quota\n=")
		// Counts left behind are not a quota, and do not prevent a new one.
		b.script("create /zookeeper/quota/a; create /zookeeper/quota/a/zookeeper_stats x\nquota set -n 1 /a\nquota get /a\n> ^  znodes 5, soft limit 1, \nquota rm /a")
		b.JSON = true
		b.script(`
			quota set -N 9 /a
			> ^\{"path":"/a","hard_count":9,"used_count":5,"used_bytes":6\}$
			quota get /a
			= {"quotas":[{"path":"/a","hard_count":9,"used_count":5,"used_bytes":6}]}\n
		`)
		b.Client = b.below("/a")
		b.script("quota get /\n64 start the shell without a chroot")
	})
}
