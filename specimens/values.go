package specimens

import (
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

var ofRegister = []Specimen{
	named(workloads.Own, "the store itself, used correctly", workloads.Register{New: subjects.NewRegister}),
	variant("config", "the configuration of package recipes: SetIf and Get", workloads.Register{New: subjects.NewConfigRegister}),
	mutant("cas-without-version", "linearizable", "", "compares, then sets without checking the version", workloads.Register{New: broken.CASWithoutVersion}),
	mutant("plain-as-fenced", "linearizable", "partition:one+100ms/300ms", "makes a plain read, whatever kind was asked for", workloads.Register{New: broken.PlainAsFenced}).besides("fenced-reads").alone(),
	mutant("retry-cas-blind", "zxid-order", "lose-reply:setData:who=all/1s", "repeats compare-and-set after a lost reply", workloads.Register{New: broken.RetryCASBlind}).besides("log"),
	mutant("retry-write-blind", "zxid-order", "lose-reply:setData:who=all/1s", "repeats a write after a lost reply", workloads.Register{New: broken.RetryWriteBlind}),
	mutant("swallows-errors", "durable", "lose-request:setData:who=all/1s", "reports a write as done as soon as it was sent", workloads.Register{New: broken.SwallowsErrors}),
	mutant("cache-goes-back", "plain-reads", "", "answers plain reads from a cache, but not other reads", workloads.Register{New: broken.CacheGoesBack}),
	mutant("cache-behind-sync", "sync-reads", "", "answers reads after a sync from a cache", workloads.Register{New: broken.CacheBehindSync}),
	corrupted(corruptproxy.OtherSession, "connects", "reset/1s"),
	corrupted(corruptproxy.ExpiredAlive, "kept-alive", ""),
	corrupted(corruptproxy.Unanswered, "answers", ""),
	corrupted(corruptproxy.TornRead, "plain-reads", ""),
	corrupted(corruptproxy.VersionIgnored, "zxid-order", ""),
	corrupted(corruptproxy.DoneTwice, "durable", ""),
}

var ofCounter = []Specimen{
	own(workloads.Counter{New: subjects.NewCounter}),
	mutant("read-set-without-version", "linearizable", "", "reads, then sets without checking the version", workloads.Counter{New: broken.ReadSetWithoutVersion}),
	mutant("retries-set-after-loss", "linearizable", "lose-reply:setData/300ms", "adds a second time after a lost reply", workloads.Counter{New: broken.RetriesSetAfterLoss}).besides("plain-reads"),
	mutant("sync-only", "fenced-reads", "", "answers a fenced read with a sync and a plain read", workloads.Counter{New: broken.SyncOnly}).alone(),
}

var ofConfig = []Specimen{
	own(workloads.Config{New: subjects.NewConfig}),
	mutant("creates-empty", "valid", "", "creates the znode empty, then writes its value", workloads.Config{New: broken.CreatesEmpty}),
	mutant("first-from-memory", "first", "", "starts with a value that it read long ago", workloads.Config{New: broken.FirstFromMemory}),
	mutant("reports-by-version", "converge", "", "ignores a new value whose version is not higher", workloads.Config{New: broken.ReportsByVersion}),
	mutant("snapshot-on-loss", "order", "expire/300ms", "reports an old snapshot when it cannot read", workloads.Config{New: broken.SnapshotOnLoss}),
}

var ofCache = []Specimen{
	own(workloads.Cache{New: subjects.NewCache}),
	mutant("write-through", "valid", "", "applies its own write to the copy at once, even if the write then fails", workloads.Cache{New: broken.WriteThrough}).besides("order", "current").alone(),
	mutant("misfiles", "valid", "", "also shows the children of a child as children of the root", workloads.Cache{New: broken.Misfiles}).alone(),
	mutant("loses-subtree-on-reconnect", "order", "expire/300ms", "reads only the root again in a new session", workloads.Cache{New: broken.LosesSubtree}).besides("converge", "current"),
	mutant("ignores-recreate", "converge", "", "never shows a znode again after it was deleted", workloads.Cache{New: broken.IgnoresRecreate}).besides("current").alone(),
	mutant("says-current-early", "current", "", "reports its copy as current once it is complete", workloads.Cache{New: broken.SaysCurrentEarly}).alone(),
}
