// Package catalog holds recipes of real programs, each rewritten in Go from the source that its entry names,
// and zklab's verdict on each recipe (not on the program). A folder has one recipe with its entry and, if the
// recipe is wrong, also the mended recipe.
//
// To add one, write its folder and its line in [Entries], and run "make catalog ONLY=folder", which measures it and
// writes docs/programs.md and docs/ports.md. The own code of some programs is below originals, in modules of their own; "make catalog
// ONLY=gokit" measures one of them. Programs in other languages are there, too, and in [Programs]. To see zklab convict
// a wrong recipe, with the story of the smallest run:
//
//	go test -tags campaign -run TestStory/kazoobarrier .
package catalog

import (
	"github.com/zklab/zklab/catalog/accumulofate"
	"github.com/zklab/zklab/catalog/accumulolock"
	"github.com/zklab/zklab/catalog/accumulonames"
	"github.com/zklab/zklab/catalog/bookkeeperids"
	"github.com/zklab/zklab/catalog/clickhouselock"
	"github.com/zklab/zklab/catalog/commonsgroup"
	"github.com/zklab/zklab/catalog/confd"
	"github.com/zklab/zklab/catalog/curatordiscovery"
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/gokitsd"
	"github.com/zklab/zklab/catalog/gozookeeperlock"
	"github.com/zklab/zklab/catalog/hadoopase"
	"github.com/zklab/zklab/catalog/hbaseclaim"
	"github.com/zklab/zklab/catalog/hbasemaster"
	"github.com/zklab/zklab/catalog/helixlock"
	"github.com/zklab/zklab/catalog/hivemulti"
	"github.com/zklab/zklab/catalog/kafkaelector"
	"github.com/zklab/zklab/catalog/kafkapid"
	"github.com/zklab/zklab/catalog/kazoobarrier"
	"github.com/zklab/zklab/catalog/kratos"
	"github.com/zklab/zklab/catalog/leaf"
	"github.com/zklab/zklab/catalog/originals/curator"
	"github.com/zklab/zklab/catalog/originals/kazoo"
	zoolockc "github.com/zklab/zklab/catalog/originals/zoolock"
	"github.com/zklab/zklab/catalog/patroni"
	"github.com/zklab/zklab/catalog/prometheustree"
	"github.com/zklab/zklab/catalog/solr"
	"github.com/zklab/zklab/catalog/solrqueue"
	"github.com/zklab/zklab/catalog/springstore"
	"github.com/zklab/zklab/catalog/twittercand"
	"github.com/zklab/zklab/catalog/zkrubysemaphore"
	"github.com/zklab/zklab/catalog/zktutorial"
	"github.com/zklab/zklab/catalog/zoolock"
)

// Entries lists the catalogue.
var Entries = []entry.Entry{
	accumulofate.Entry,
	accumulolock.Entry,
	accumulonames.Entry,
	bookkeeperids.Entry,
	clickhouselock.Entry,
	commonsgroup.Entry,
	confd.Entry,
	curatordiscovery.Entry,
	gokitsd.Entry,
	gozookeeperlock.Entry,
	hadoopase.Entry,
	hbaseclaim.Entry,
	hbasemaster.Entry,
	helixlock.Entry,
	hivemulti.Entry,
	kafkaelector.Entry,
	kafkapid.Entry,
	kazoobarrier.Entry,
	kratos.Entry,
	leaf.Entry,
	patroni.Entry,
	prometheustree.Entry,
	solr.Entry,
	solrqueue.Entry,
	springstore.Entry,
	twittercand.Entry,
	zkrubysemaphore.Entry,
	zktutorial.Entry,
	zoolock.Entry,
}

// Programs lists the programs whose own classes run behind their adapters.
var Programs = []entry.Program{
	curator.Program,
	kazoo.Program,
	zoolockc.Program,
}
