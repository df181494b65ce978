package mime

// The rules of the style sheets of HTML, as far as they can hide text, and the declarations that apply to an element.

import (
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html"
)

// Bounds for style sheets. Selectors beyond them do not count, so that the time stays proportional to the size of a
// page.
const (
	maxSelector = 200     // the maximum length of a selector in bytes
	maxMatching = 1 << 22 // the maximum number of matching steps for a page
	maxExpanded = 10_000  // the maximum number of selectors that nested rules add to a page
	maxDepth    = 50      // the maximum number of blocks inside one another
)

// styleRule is a selector with the declarations of its rule set.
type styleRule struct {
	selector    cascadia.Sel
	combinators int
	sideways    bool // the selector refers to siblings
	specificity cascadia.Specificity
	order       int
	set         *ruleSet
}

// ruleSet has those declarations of a rule set that can hide something. All selectors of its list share it.
type ruleSet struct{ declared []declaration }

// styles holds the style sheets of a page. The zero value has none.
type styles struct {
	rules    map[string][]*styleRule // rules by their subject; see the func
	count    int
	siblings bool  // some selector refers to siblings
	steps    int64 // the matching steps so far
	expanded int   // the selectors that nested rules have added so far
}

// add adds a style sheet.
func (s *styles) add(sheet string) {
	r := &sheetReader{styles: s, lexer: css.NewLexer(parse.NewInputString(sheet))}
	r.block(nil, 0)
}

// rule returns a rule with the given selector, or nil if the selector does not count because it has a pseudo-class or
// is beyond the bounds. ok is false if the selector is malformed, for which CSS ignores the whole list of selectors.
func (s *styles) rule(selector string) (rule *styleRule, ok bool) {
	selector = strings.TrimSpace(selector)
	if len(selector) > maxSelector || strings.Contains(selector, ":") {
		return nil, true
	}
	sel, err := cascadia.Parse(selector)
	if err != nil {
		return nil, false
	}
	combinators := len(strings.FieldsFunc(selector, isCombinator)) - 1
	sideways := strings.ContainsAny(selector, "+~")
	s.siblings = s.siblings || sideways
	return &styleRule{selector: sel, combinators: combinators, sideways: sideways, specificity: sel.Specificity()}, true
}

// isCombinator reports whether a character separates, or may separate, the parts of a selector.
func isCombinator(r rune) bool { return strings.ContainsRune(" \t\r\n\f>+~", r) }

// file stores a rule under its subject.
func (s *styles) file(rule *styleRule) {
	if s.rules == nil {
		s.rules = make(map[string][]*styleRule)
	}
	s.count++
	rule.order = s.count
	key := subject(rule.selector.String())
	s.rules[key] = append(s.rules[key], rule)
}

// subject returns what every element that a selector matches has: "#id", ".class", a name in lower case, or "" if that
// is not evident.
func subject(selector string) string {
	if strings.ContainsAny(selector, `\`) {
		return ""
	}
	last := selector[strings.LastIndexFunc(selector, isCombinator)+1:]
	if strings.ContainsAny(selector, "[\"'") { // an attribute value may contain spaces
		last, _, _ = strings.Cut(selector, "[")
		if strings.IndexFunc(last, isCombinator) >= 0 || strings.LastIndexByte(selector, ']') != len(selector)-1 || strings.Count(selector, "[") > 1 {
			return ""
		}
	}
	name := func(s string) string {
		if i := strings.IndexAny(s, "#.["); i >= 0 {
			s = s[:i]
		}
		return s
	}
	if _, id, ok := strings.Cut(last, "#"); ok {
		return "#" + name(id)
	}
	if _, class, ok := strings.Cut(last, "."); ok {
		return "." + name(class)
	}
	return strings.ToLower(strings.Trim(name(last), "* "))
}

// of returns the declarations for an element, from the style sheets and its own style attribute, in ascending order of
// precedence. It returns nil if there are none.
func (s *styles) of(n *html.Node, depth, siblings int, inline string) []declaration {
	type candidate struct {
		*styleRule
		declaration
	}
	var found []candidate
	add := func(key string) {
		for _, rule := range s.rules[key] {
			cost := int64(1) // the product may need more than 32 bits
			reach := depth
			if rule.sideways {
				reach = max(depth, siblings)
			}
			for range rule.combinators {
				cost = min(cost*int64(reach), maxMatching)
			}
			if s.steps >= maxMatching {
				return
			}
			if cost > maxMatching-s.steps {
				s.steps++ // the check counts as a step
				continue
			}
			s.steps += cost
			if rule.selector.Match(n) {
				s.steps += 10 * int64(len(rule.set.declared))
				for _, d := range rule.set.declared {
					found = append(found, candidate{rule, d})
				}
			}
		}
	}
	if s.count > 0 {
		add("")
		add(n.Data)
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				add("#" + a.Val)
			case "class":
				classes := strings.Fields(a.Val)
				slices.Sort(classes)
				for _, class := range slices.Compact(classes) {
					add("." + class)
				}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		switch {
		case a.specificity.Less(b.specificity):
			return -1
		case b.specificity.Less(a.specificity):
			return 1
		}
		return a.order - b.order
	})
	var all, important []declaration
	sort := func(d declaration) {
		if d.important {
			important = append(important, d)
		} else {
			all = append(all, d)
		}
	}
	for _, c := range found {
		sort(c.declaration)
	}
	if inline != "" {
		p := css.NewParser(parse.NewInputString(inline), true)
		for {
			kind, _, data := p.Next()
			if kind == css.ErrorGrammar && !p.HasParseError() {
				break
			}
			if d, ok := declared(data, p.Values()); ok && kind == css.DeclarationGrammar {
				sort(d)
			}
		}
	}
	return append(all, important...)
}
