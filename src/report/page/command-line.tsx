/** A command to type, with a button that copies it; the button appears where scripts run. */
export function CommandLine({ command, what }: { readonly command: string; readonly what: string }) {
  return (
    <span class="command">
      <code>{command}</code>
      <button
        type="button"
        class="copy"
        data-copy={command}
        aria-label={`Copy the command to ${what}`}
        hidden
      >
        Copy
      </button>
    </span>
  );
}
