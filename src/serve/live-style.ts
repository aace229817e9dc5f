/** What a live page has beyond the style of a report. */
export const LIVE_STYLE = `
main { overflow-anchor: none; }
#connection { font-size: .85rem; margin: .2rem 0; }
.state { font-size: 1.15rem; margin: 0; }
.state strong::before { content: ""; display: inline-block; width: .65rem; height: .65rem; margin-right: .5rem; border-radius: 50%; background: var(--soft); }
.state.alive strong::before { background: var(--certified); }
.state.ended strong::before { background: var(--open); border-radius: 2px; }
progress { display: block; width: 100%; height: .6rem; margin: .5rem 0; accent-color: var(--certified); }
#now { padding-bottom: 1rem; }
main:has(> .run-card) { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; padding-top: 1rem; }
main > #together { grid-column: 1 / -1; border: 0; }
main > .run-card { border: 1px solid var(--rule); border-radius: 8px; padding: 1rem 1.1rem; min-width: 0; }
.run-card h2 { font-size: 1.1rem; overflow-wrap: anywhere; }
.run-card .state { font-size: 1rem; }
.run-card .value { font-size: 1.35rem; }
.run-card .figures > div { flex-basis: 40%; padding: .5rem .7rem; }
.run-card p { margin: .3rem 0; }
.sparkline { display: block; width: 100%; height: 3.5rem; margin: .5rem 0; border-bottom: 1px solid var(--rule); overflow: hidden; }
@media (max-width: 40rem) {
  #now .figures > div { flex-basis: 40%; padding: .6rem .75rem; }
  #now .value { font-size: 1.5rem; }
}
`;
