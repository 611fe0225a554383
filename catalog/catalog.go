// Package catalog holds recipes of real programs, each written anew in Go after the source that its entry names, and
// what zklab says of each: of this recipe, not of the program. A folder is one recipe with its entry. Of a wrong recipe
// it has the mend, too.
//
// To add one, write its folder and its line in [Entries], and run "make catalog ONLY=folder", which measures it and
// writes docs/programs.md. To see a wrong one convicted, with the story of the smallest run:
//
//	go test -tags campaign -run TestStory/kazoobarrier .
package catalog

import (
	"github.com/zklab/zklab/catalog/accumulolock"
	"github.com/zklab/zklab/catalog/clickhouselock"
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/hadoopase"
	"github.com/zklab/zklab/catalog/hbaseclaim"
	"github.com/zklab/zklab/catalog/kafkapid"
	"github.com/zklab/zklab/catalog/kazoobarrier"
	"github.com/zklab/zklab/catalog/vitesslock"
)

// Entries lists the catalogue.
var Entries = []entry.Entry{
	accumulolock.Entry,
	clickhouselock.Entry,
	hadoopase.Entry,
	hbaseclaim.Entry,
	kafkapid.Entry,
	kazoobarrier.Entry,
	vitesslock.Entry,
}
