package zone

// The nodes directly beneath a node.

import (
	"iter"
	"maps"
)

// children are the nodes directly beneath a node. Most nodes have very few, for which a map would be large and slow.
type children struct {
	first *node            // each leads to the next, until there are more than maxFew
	many  map[string]*node // all from then on, by lower-case label
}

// maxFew is the number of children up to which they are searched one by one.
const maxFew = 8

// get returns the child with a label in lower case, or nil.
func (c *children) get(label []byte) *node {
	for child := c.first; child != nil; child = child.next {
		if child.label == string(label) {
			return child
		}
	}
	return c.many[string(label)]
}

// add adds a child. There is none with the same label.
func (c *children) add(child *node) {
	if c.many == nil && c.count() < maxFew {
		child.next, c.first = c.first, child
		return
	}
	if c.many == nil {
		c.many = make(map[string]*node)
		for other := c.first; other != nil; other = other.next {
			c.many[other.label] = other
		}
		c.first = nil
	}
	c.many[child.label] = child
}

// remove removes a child.
func (c *children) remove(child *node) {
	delete(c.many, child.label)
	for at := &c.first; *at != nil; at = &(*at).next {
		if *at == child {
			*at = child.next
			return
		}
	}
}

// count returns the number of children.
func (c *children) count() int {
	n := len(c.many)
	for child := c.first; child != nil; child = child.next {
		n++
	}
	return n
}

// all returns the children in no particular order.
func (c *children) all() iter.Seq[*node] {
	if c.many != nil {
		return maps.Values(c.many)
	}
	return func(yield func(*node) bool) {
		for child := c.first; child != nil && yield(child); {
			child = child.next
		}
	}
}
