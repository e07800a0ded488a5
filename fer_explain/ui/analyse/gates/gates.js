element.addEventListener('change', (event) => {
  if (event.target.matches('select')) trigger('pick', { layer: event.target.value });
});
