import type * as monaco from 'monaco-editor';

// The editor's colours, from src/style/tokens.css. Monaco cannot read custom
// properties, so the values stand here a second time.
const palette = {
  light: {
    base: 'vs', panel: '#fcfcfa', ink: '#161d23', ink2: '#465159', ink3: '#66717a', rule: '#d7dbd5',
    accent: '#1b4f8f', soft: '#e6edf6', keyword: '#86294f', type: '#14716c', string: '#8a4b00',
    number: '#0f6287', variable: '#5b3f99', key: '#1b4f8f', error: '#96231f',
  },
  dark: {
    base: 'vs-dark', panel: '#171d23', ink: '#e9ecea', ink2: '#b8c1c7', ink3: '#8f9aa3', rule: '#303941',
    accent: '#92bdf0', soft: '#1b2a3c', keyword: '#df8fb1', type: '#55b8ae', string: '#dca54a',
    number: '#5fb4de', variable: '#b9a4ee', key: '#92bdf0', error: '#ee7f74',
  },
} as const;

/** Names of the two themes, as GraphiQL's editorTheme property wants them. */
export const editorTheme = { light: 'stemma-light', dark: 'stemma-dark' };

/** defineThemes makes both themes known to Monaco. */
export function defineThemes({ editor }: typeof monaco): void {
  for (const mode of ['light', 'dark'] as const) {
    const c = palette[mode];
    editor.defineTheme(editorTheme[mode], {
      base: c.base,
      inherit: true,
      rules: [
        { token: '', foreground: c.ink },
        { token: 'comment', foreground: c.ink3 },
        { token: 'keyword', foreground: c.keyword },
        { token: 'key.identifier.gql', foreground: c.key },
        { token: 'type.identifier.gql', foreground: c.type },
        { token: 'argument.identifier.gql', foreground: c.variable },
        { token: 'annotation.gql', foreground: c.variable },
        { token: 'string', foreground: c.string },
        { token: 'string.key.json', foreground: c.key },
        { token: 'string.value.json', foreground: c.string },
        { token: 'keyword.json', foreground: c.keyword },
        { token: 'number', foreground: c.number },
        { token: 'delimiter', foreground: c.ink2 },
        { token: 'operator', foreground: c.ink2 },
      ],
      colors: {
        'editor.background': '#ffffff00',
        'editor.foreground': c.ink,
        'editorCursor.foreground': c.accent,
        'editorLineNumber.foreground': c.ink3,
        'editorLineNumber.activeForeground': c.ink,
        'editorError.foreground': c.error,
        'editor.lineHighlightBorder': '#ffffff00',
        'scrollbar.shadow': '#ffffff00',
        'editorBracketHighlight.foreground1': c.ink2,
        'editorBracketHighlight.foreground2': c.ink2,
        'editorBracketHighlight.foreground3': c.ink2,
        'editorBracketHighlight.foreground4': c.ink2,
        'editorBracketHighlight.foreground5': c.ink2,
        'editorBracketHighlight.foreground6': c.ink2,
        'textLink.foreground': c.accent,
        'textLink.activeForeground': c.accent,
        'editorLink.activeForeground': c.accent,
        'editorHoverWidget.background': c.panel,
        'editorHoverWidget.border': c.rule,
        'editorSuggestWidget.background': c.panel,
        'editorSuggestWidget.border': c.rule,
        'editorSuggestWidget.selectedBackground': c.soft,
        'editorSuggestWidget.selectedForeground': c.ink,
        'editorSuggestWidget.highlightForeground': c.accent,
        'editorSuggestWidget.focusHighlightForeground': c.accent,
        'editorWidget.background': c.panel,
        'editorWidget.border': c.rule,
        'list.hoverBackground': c.soft,
        'list.highlightForeground': c.accent,
        'list.focusHighlightForeground': c.accent,
        'input.background': c.panel,
        'input.border': c.rule,
        'quickInput.background': c.panel,
        'quickInputList.focusBackground': c.soft,
        'quickInputList.focusForeground': c.ink,
        'menu.background': c.panel,
        'menu.selectionBackground': c.soft,
        'menu.selectionForeground': c.ink,
        'toolbar.hoverBackground': c.soft,
        'inputOption.hoverBackground': c.soft,
        'pickerGroup.foreground': c.accent,
        focusBorder: c.accent,
      },
    });
  }
}

/** editorOptions are set on every editor: type as on the other pages, long lines wrapped. */
export const editorOptions: monaco.editor.IEditorOptions = {
  fontFamily: "'IBM Plex Mono', ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSize: 13,
  lineHeight: 20,
  wordWrap: 'on',
  wrappingIndent: 'indent',
};
