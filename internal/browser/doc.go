// Package browser tests the page of package inspect in Debian's Chromium, and compares what style sheets hide there with what the
// library takes for hidden. It is a module of its own, so that the library
// does not depend on what drives a browser.
package browser
