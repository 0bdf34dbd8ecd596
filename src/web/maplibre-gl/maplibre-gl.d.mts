/** The server hands out maplibre-gl's own files here; this says so to the type checker. */
export { Map, NavigationControl, Popup, ScaleControl } from 'maplibre-gl'
