package zone

// The nodes directly beneath a node.

import (
	"iter"
	"maps"
	"slices"
)

// children are the nodes directly beneath a node. Most nodes have very few, for which a map would be large and slow.
type children struct {
	few  []*node          // all, until there are more than maxFew
	many map[string]*node // all from then on, by lower-case label
}

// maxFew is the number of children up to which a list of them is searched.
const maxFew = 8

// get returns the child with a label in lower case, or nil.
func (c *children) get(label []byte) *node {
	for _, child := range c.few {
		if child.label == string(label) {
			return child
		}
	}
	return c.many[string(label)]
}

// add adds a child. There is none with the same label.
func (c *children) add(child *node) {
	if c.many == nil && len(c.few) < maxFew {
		c.few = append(c.few, child)
		return
	}
	if c.many == nil {
		c.many = make(map[string]*node)
		for _, other := range c.few {
			c.many[other.label] = other
		}
		c.few = nil
	}
	c.many[child.label] = child
}

// remove removes a child.
func (c *children) remove(child *node) {
	delete(c.many, child.label)
	c.few = slices.DeleteFunc(c.few, func(other *node) bool { return other == child })
}

// count returns the number of children.
func (c *children) count() int { return len(c.few) + len(c.many) }

// all returns the children in no particular order.
func (c *children) all() iter.Seq[*node] {
	if c.many != nil {
		return maps.Values(c.many)
	}
	return slices.Values(c.few)
}
