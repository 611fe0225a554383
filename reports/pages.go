package reports

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// docs is the address of the documentation.
const docs = "https://github.com/zklab/zklab/blob/main/docs/"

// pages names the page of each object that has none under its own name.
var pages = map[string]string{
	history.ModelElection: "lock",
	"priority-queue":      "queue",
	"delay-queue":         "queue",
	"discovery":           "membership",
	"master-worker":       "job-queue",
}

// common are properties of all or several objects, documented in one place.
var common = map[string]bool{"log": true, "no-panic": true, "own-znodes": true, "server-agreement": true}

// PageOf returns the address of the documentation that says what a property of a model means and
// how it is checked.
func PageOf(model, property string) string {
	switch page := pages[model]; {
	case common[property]:
		return docs + "checking.md#" + property
	case models.Named(model).Store:
		return docs + "checking-store.md#" + property
	case page != "":
		return docs + "recipes/" + page + ".md#" + property
	}
	return docs + "recipes/" + model + ".md#" + property
}
