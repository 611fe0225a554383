// Package timeline writes the page that shows what each client held and did, and when. A script in the page draws it
// from columns of numbers, so that a page has room for a million operations.
package timeline
