package mime

// The reader of style sheets, with nested rules.

import (
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2/css"
)

// sheetReader reads a style sheet (CSS Syntax 3 §5.4, CSS Nesting 1 §2).
type sheetReader struct {
	styles *styles
	lexer  *css.Lexer
}

// openRule is a rule set that is being read.
type openRule struct {
	selectors []string // with those of the rule sets around it
	rules     []*styleRule
	set       ruleSet // the declarations since the last nested rule
	filed     bool    // there were some before it
}

// block reads the content of a block in a rule set, which is nil outside of all, or of the sheet if depth is 0.
func (r *sheetReader) block(open *openRule, depth int) {
	for {
		tokens, end := r.item(open != nil, depth)
		switch {
		case end == css.LeftBraceToken && depth == maxDepth:
			r.skip()
		case end == css.LeftBraceToken && len(tokens) > 0 && tokens[0].TokenType == css.AtKeywordToken:
			r.styles.close(open)
			if applies(strings.ToLower(string(tokens[0].Data)), text(tokens[1:])) {
				r.block(open, depth+1)
				r.styles.close(open)
			} else {
				r.skip()
			}
		case end == css.LeftBraceToken:
			r.styles.close(open)
			if inner := r.styles.open(open, tokens); inner != nil {
				r.block(inner, depth+1)
				r.styles.close(inner)
			} else {
				r.skip()
			}
		case open != nil && len(tokens) > 0 && tokens[0].TokenType == css.IdentToken:
			value := tokens[1:]
			if len(value) > 0 && value[0].TokenType == css.WhitespaceToken {
				value = value[1:]
			}
			if len(value) > 0 && value[0].TokenType == css.ColonToken {
				if d, ok := declared(tokens[0].Data, value[1:]); ok {
					open.set.declared = append(open.set.declared, d)
				}
			}
		}
		if end == css.ErrorToken || end == css.RightBraceToken {
			return
		}
	}
}

// item reads what comes before the next brace or semicolon, or the end of the sheet, which is an ErrorToken. Outside of rule sets,
// a semicolon ends only an at-rule, and outside of blocks, a closing brace ends nothing; either makes the next selector malformed.
func (r *sheetReader) item(inRuleSet bool, depth int) (tokens []css.Token, end css.TokenType) {
	for inside := 0; ; {
		kind, data := r.lexer.Next()
		switch kind {
		case css.ErrorToken:
			return tokens, kind
		case css.CommentToken:
			continue
		case css.CDOToken, css.CDCToken:
			if depth == 0 && len(tokens) == 0 {
				continue
			}
		case css.WhitespaceToken:
			if len(tokens) == 0 {
				continue
			}
			data = []byte{' '}
		case css.LeftParenthesisToken, css.LeftBracketToken, css.FunctionToken:
			inside++
		case css.RightParenthesisToken, css.RightBracketToken:
			inside = max(inside-1, 0)
		case css.SemicolonToken:
			if inside == 0 && (inRuleSet || len(tokens) > 0 && tokens[0].TokenType == css.AtKeywordToken) {
				return tokens, kind
			}
		case css.LeftBraceToken:
			if inside == 0 {
				return tokens, kind
			}
		case css.RightBraceToken:
			if inside == 0 && depth > 0 {
				return tokens, kind
			}
		}
		tokens = append(tokens, css.Token{TokenType: kind, Data: data})
	}
}

// skip reads the rest of a block.
func (r *sheetReader) skip() {
	for deep := 1; deep > 0; {
		switch _, end := r.item(true, deep); end {
		case css.ErrorToken:
			return
		case css.LeftBraceToken:
			deep++
		case css.RightBraceToken:
			deep--
		}
	}
}

// open returns a rule set with a list of selectors, in another one unless that is nil. It returns nil if CSS ignores the rule set
// because a selector is malformed.
func (s *styles) open(around *openRule, list []css.Token) *openRule {
	stray := func(t css.Token) bool { return t.TokenType == css.SemicolonToken || t.TokenType == css.RightBraceToken }
	if slices.ContainsFunc(list, stray) {
		return nil
	}
	open := new(openRule)
	for _, selector := range selectors(text(list)) {
		selector = strings.TrimSpace(selector)
		if selector == "" {
			return nil
		}
		whole := []string{selector}
		if around != nil {
			whole = s.nested(around.selectors, selector)
		}
		first := len(open.rules)
		var most cascadia.Specificity
		for _, selector := range whole {
			rule, ok := s.rule(selector)
			if !ok {
				return nil
			}
			if rule != nil {
				open.selectors, open.rules = append(open.selectors, selector), append(open.rules, rule)
				if most.Less(rule.specificity) {
					most = rule.specificity
				}
			}
		}
		for _, rule := range open.rules[first:] { // as that of :is(), for which & stands
			rule.specificity = most
		}
	}
	return open
}

// nested returns the selectors for which a selector in a rule set stands, given those of the rule set.
func (s *styles) nested(around []string, selector string) (whole []string) {
	for before, rest, ok := strings.Cut(selector, "&"); ok; before, rest, ok = strings.Cut(rest, "&") {
		if before != "" && !isCombinator(rune(before[len(before)-1])) {
			return nil // it does not stand at the beginning, as in ".x&"
		}
		if rest != "" && !isCombinator(rune(rest[0])) && !strings.ContainsRune(".#[", rune(rest[0])) {
			return nil // the name of an element stands after it, as in "&-x", which would become another class
		}
	}
	if !strings.Contains(selector, "&") {
		selector = "& " + selector
	}
	count := strings.Count(selector, "&")
	for _, outer := range around {
		if s.expanded++; s.expanded > maxExpanded {
			break
		}
		if len(selector)+count*(len(outer)-1) <= maxSelector {
			whole = append(whole, strings.ReplaceAll(selector, "&", outer))
		}
	}
	return whole
}

// close files the declarations of a rule set so far, if there is one. Further ones come after them and after nested rules in
// order (CSS Nesting 1 §2.5).
func (s *styles) close(open *openRule) {
	if open == nil || len(open.set.declared) == 0 {
		return
	}
	set := open.set
	open.set = ruleSet{}
	if open.filed {
		if s.expanded += len(open.rules); s.expanded > maxExpanded {
			return
		}
	}
	open.filed = true
	for _, rule := range open.rules {
		filed := *rule
		filed.set = &set
		s.file(&filed)
	}
}

// selectors returns the selectors of a list.
func selectors(list string) (all []string) {
	begin, deep := 0, 0
	quote := byte(0)
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[' || c == '(':
			deep++
		case c == ']' || c == ')':
			deep--
		case c == ',' && deep == 0:
			all = append(all, list[begin:i])
			begin = i + 1
		}
	}
	return append(all, list[begin:])
}
