package inspect

// The part of a long list that a page shows, and the way to the rest.

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// mostInList is the number of things in a list of a message, such as its recipients, fields, parts or links, that a view
// shows.
const mostInList = 500

// first returns the beginning of a slice, for a template.
func first(list any) any {
	v := reflect.ValueOf(list)
	return v.Slice(0, v.Len()-rest(list)).Interface()
}

// rest returns the number of elements of a slice that first leaves out.
func rest(list any) int { return max(0, reflect.ValueOf(list).Len()-mostInList) }

// window is the part of a list that a page shows. The things in the list are numbered.
type window struct {
	path        string // of the page; empty if there is no other page
	thing       string
	size        int // the number of things in a window
	first, last int // the numbers of the things in the list; those before first were forgotten
	after       int // the window has the numbers greater than this
}

// chosen returns the window that the parameter "after" of a request for the page chooses. Without it, it is the last one.
func (w window) chosen(r *http.Request) (window, *failure) {
	after, failed := number(r, "after", math.MaxInt, math.MaxInt)
	return w.from(r.URL.Path, after), failed
}

// lastWindow returns the last window of a list.
func lastWindow(thing string, size, first, last int) window {
	return window{thing: thing, size: size, first: first, last: last, after: max(last-size, first-1)}
}

// from returns the window of a page after a number. If there is nothing after it, it is the last window.
func (w window) from(path string, after int) window {
	if w.path = path; after < w.last {
		w.after = max(after, w.first-1)
	}
	return w
}

// end is the number of the last thing in the window.
func (w window) end() int { return min(w.after+w.size, w.last) }

// Text says what the window has, if that is not all.
func (w window) Text() string {
	var sentences []string
	if w.after >= w.first || w.end() < w.last {
		sentences = append(sentences, fmt.Sprintf("These are %ss %d to %d of %d.", w.thing, w.after+1, w.end(), w.last))
	}
	if w.first > 1 {
		sentences = append(sentences, fmt.Sprintf("Those before %s %d are forgotten.", w.thing, w.first))
	}
	return strings.Join(sentences, " ")
}

// Beginning, Earlier, Later and End are the paths of other windows, or "" if they would have nothing else.
func (w window) Beginning() string { return w.other(w.after >= w.first, w.first-1) }
func (w window) Earlier() string   { return w.other(w.after >= w.first, w.after-w.size) }
func (w window) Later() string     { return w.other(w.end() < w.last, w.end()) }

func (w window) End() string {
	if w.path == "" || w.end() == w.last {
		return ""
	}
	return w.path
}

func (w window) other(exists bool, after int) string {
	if w.path == "" || !exists {
		return ""
	}
	return w.path + "?after=" + strconv.Itoa(max(after, 0))
}
