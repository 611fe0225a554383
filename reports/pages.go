package reports

import (
	"cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
)

// docs is the address of the documentation.
const docs = "https://github.com/zklab/zklab/blob/main/docs/"

// PageOf returns the address of the documentation that says what a property of a model means and
// how it is checked. It returns "" for a property that zklab does not declare.
func PageOf(model, property string) string {
	m := models.Named(model)
	switch {
	case !checker.Promises(model, property) && !checker.Common(model, property):
		return ""
	case checker.Common(model, property):
		return docs + "checking.md#" + property
	case m.Store:
		return docs + "checking-store.md#" + property
	}
	return docs + "recipes/" + cmp.Or(m.Page, model) + ".md#" + property
}
